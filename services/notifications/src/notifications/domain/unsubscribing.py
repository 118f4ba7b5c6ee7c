"""One-click unsubscribing (RFC 8058): a signed token that names a person and a kind, without login or expiry."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass

from notifications.domain.kinds import Kind

_SIGNATURE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and reads tokens; whoever has one can turn that kind of mail off for that person and nothing else."""

    key: bytes

    def token(self, employee_id: str, kind: Kind) -> str:
        """A token that is safe in a URL path."""
        said = f"{kind}\n{employee_id}".encode()
        return urlsafe_b64encode(self._sign(said) + said).decode().rstrip("=")

    def read(self, token: str) -> tuple[str, Kind] | None:
        """The person and the kind, or None for what we have not signed."""
        try:
            raw = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
            signature, said = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
            if not hmac.compare_digest(signature, self._sign(said)):
                return None
            kind, employee_id = said.decode().split("\n", 1)
            return employee_id, Kind(kind)
        except (Error, ValueError):
            return None

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self.key, b"unsubscribe\n" + said, "sha256")
