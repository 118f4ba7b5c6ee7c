"""The local issuer: signs access tokens for this machine and publishes its public key as a JWKS.

A company's identity provider takes its place elsewhere; the services know only issuer, audience and JWKS URL.
"""

import base64
import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mentorship.credentials import write_private

ALGORITHM = "RS256"
AUDIENCE = "mentorship"


class Issuer:
    """Signs tokens with a key that stands in `folder` and is made when there is none; `url` is the claim `iss`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self._key = _key_in(folder / "issuer.pem")
        self._public = _public_jwk(self._key)

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys, as served at `/.well-known/jwks.json`."""
        return {"keys": [self._public]}

    def token(
        self, subject: str, roles: Iterable[str], *, seconds: float = 3600, audience: str = AUDIENCE, **claims: Any
    ) -> str:
        """A signed access token for `subject` that is good for so many seconds."""
        now = int(time.time())
        content = {
            "iss": self.url,
            "aud": audience,
            "sub": subject,
            "roles": sorted(roles),
            "iat": now,
            "exp": int(now + seconds),
            **claims,
        }
        return jwt.encode(content, self._key, algorithm=ALGORITHM, headers={"kid": self._public["kid"]})


def _key_in(path: Path) -> RSAPrivateKey:
    if path.exists():
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError(f"{path} holds no RSA key")
        return key
    key = generate_private_key(public_exponent=65537, key_size=2048)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    return key


def _public_jwk(key: RSAPrivateKey) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    required = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    # RFC 7638: the thumbprint is taken over the required members alone, sorted, without blanks.
    thumbprint = hashlib.sha256(json.dumps(required, sort_keys=True, separators=(",", ":")).encode()).digest()
    return {**required, "kid": _base64(thumbprint), "use": "sig", "alg": ALGORITHM}


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
