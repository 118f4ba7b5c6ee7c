"""NATS keys: Ed25519 pairs in the text form that nats-server, its tools and its clients share."""

import base64
import binascii
from dataclasses import dataclass
from enum import Enum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_SEED_PREFIX = 18 << 3


class Kind(Enum):
    """Whose key it is; the letter it gives is the first of the public key."""

    OPERATOR = 14 << 3
    ACCOUNT = 0
    USER = 20 << 3


@dataclass(frozen=True)
class KeyPair:
    """A private key with the public key that names its owner."""

    kind: Kind
    _key: Ed25519PrivateKey

    @classmethod
    def create(cls, kind: Kind) -> "KeyPair":
        """A new pair from the system's random source."""
        return cls(kind, Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: str) -> "KeyPair":
        """The pair that `seed` was read from; ValueError where it is no seed of a kind we use."""
        raw = _checked(seed.strip())
        if len(raw) != 34 or raw[0] & 0xF8 != _SEED_PREFIX:
            raise ValueError("is not an nkey seed")
        kind = Kind(((raw[0] & 0x07) << 5) | (raw[1] >> 3))
        return cls(kind, Ed25519PrivateKey.from_private_bytes(raw[2:]))

    @property
    def public(self) -> str:
        """The public key: 56 letters and digits that start with O, A or U."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return _text(bytes([self.kind.value]) + raw)

    @property
    def seed(self) -> str:
        """The secret: 58 letters and digits that start with S."""
        # The owner's five bits straddle two bytes, which is why seeds read SO..., SA..., SU....
        head = bytes([_SEED_PREFIX | (self.kind.value >> 5), (self.kind.value & 0x1F) << 3])
        return _text(head + self._key.private_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        return self._key.sign(message)


def _text(raw: bytes) -> str:
    check = binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(raw + check).decode().rstrip("=")


def _checked(text: str) -> bytes:
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise ValueError("is not base 32") from None
    if len(raw) < 3 or binascii.crc_hqx(raw[:-2], 0).to_bytes(2, "little") != raw[-2:]:
        raise ValueError("has a wrong checksum")
    return raw[:-2]
