"""Access tokens: good ones under keys of a test's own, and every forgery that was thought of."""

import base64
import hmac
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from chassis.auth import KeySet, Verifier

ISSUER, AUDIENCE = "https://issuer.example", "mentorship"

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_EC = ec.generate_private_key(ec.SECP256R1())
OTHER_ED = ed25519.Ed25519PrivateKey.generate()
P384 = ec.generate_private_key(ec.SECP384R1())
WEAK_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the point of one forgery
SHARED = b"a secret that was published by mistake, 32 bytes and more"


def jwk(make: Callable[[Any], str], key: Any, kid: str, **more: str) -> dict[str, Any]:
    return {**json.loads(make(key)), "kid": kid, **more}


KEYS = {
    "keys": [
        jwk(RSAAlgorithm.to_jwk, RSA_KEY.public_key(), "rsa", use="sig", alg="RS256"),
        jwk(ECAlgorithm.to_jwk, EC_KEY.public_key(), "ec", use="sig"),
        jwk(OKPAlgorithm.to_jwk, ED_KEY.public_key(), "ed", use="sig"),
        jwk(RSAAlgorithm.to_jwk, OTHER_RSA.public_key(), "encryption", use="enc"),
        jwk(RSAAlgorithm.to_jwk, WEAK_RSA.public_key(), "weak", use="sig"),
        jwk(ECAlgorithm.to_jwk, P384.public_key(), "p384", use="sig"),
        {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(SHARED).decode().rstrip("="), "alg": "HS256"},
        {"kty": "RSA", "kid": "broken", "n": "AQAB", "e": "!"},
        "not a key",
    ]
}


@dataclass
class Issuer:
    """A key set that counts how often it is fetched."""

    keys: dict[str, Any] = field(default_factory=lambda: KEYS)
    fetched: int = 0
    away: bool = False
    now: float = 1000.0

    async def fetch(self, _: str) -> dict[str, Any]:
        self.fetched += 1
        if self.away:
            raise httpx.ConnectError("away")
        return self.keys

    def key_set(self) -> KeySet:
        return KeySet(f"{ISSUER}/jwks", self.fetch, lambda: self.now)

    def verifier(self) -> Verifier:
        return Verifier(issuer=ISSUER, audience=AUDIENCE, keys=self.key_set())


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "E1", "roles": ["employee"], "iat": now, "exp": now + 600}
    return {name: value for name, value in (usual | changed).items() if value is not None}


def signed(key: Any = RSA_KEY, alg: str = "RS256", kid: str | None = "rsa", *, typ: str = "JWT", **changed: Any) -> str:
    headers = {"typ": typ, **changed.pop("headers", {})}
    if kid is not None:
        headers["kid"] = kid
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyJWT warns of weak keys; that is the point of one forgery
        return jwt.api_jws.encode(json.dumps(claims(**changed)).encode(), key, alg, headers)


def raw(header: dict[str, Any], payload: bytes, signature: bytes) -> str:
    parts = (json.dumps(header).encode(), payload, signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def hmac_signed(kid: str, secret: bytes, alg: str = "HS256") -> str:
    header = {"alg": alg, "typ": "JWT", "kid": kid}
    unsigned = raw(header, json.dumps(claims()).encode(), b"").rstrip(".")
    signature = hmac.new(secret, unsigned.encode(), sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def with_payload(token: str, **changed: Any) -> str:
    head, _, tail = token.split(".")
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(claims(**changed)).encode()).decode().rstrip('=')}.{tail}"


def pem(key: Any) -> bytes:
    made: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made


def _now() -> int:
    return int(time.time())


def _embedded() -> str:
    own = json.loads(RSAAlgorithm.to_jwk(OTHER_RSA.public_key()))
    return signed(OTHER_RSA, kid="rsa", headers={"jwk": own})


def _last_bit() -> str:
    token = signed()
    return token[:-20] + ("A" if token[-20] != "A" else "B") + token[-19:]


FORGERIES: dict[str, Callable[[], str]] = {
    "no signature, alg none": lambda: raw(
        {"alg": "none", "typ": "JWT", "kid": "rsa"}, json.dumps(claims()).encode(), b""
    ),
    "alg nOnE": lambda: raw({"alg": "nOnE", "typ": "JWT", "kid": "rsa"}, json.dumps(claims()).encode(), b""),
    "no alg": lambda: raw({"typ": "JWT", "kid": "rsa"}, json.dumps(claims()).encode(), b"x"),
    "alg is a list": lambda: raw({"alg": ["RS256"], "typ": "JWT", "kid": "rsa"}, json.dumps(claims()).encode(), b"x"),
    "the public RSA key as HMAC secret": lambda: hmac_signed("rsa", pem(RSA_KEY)),
    "the public EC key as HMAC secret": lambda: hmac_signed("ec", pem(EC_KEY)),
    "an HMAC secret of the key set": lambda: hmac_signed("shared", SHARED),
    "an empty HMAC secret": lambda: hmac_signed("rsa", b""),
    "HMAC that calls itself RS256": lambda: hmac_signed("rsa", pem(RSA_KEY), "RS256"),
    "signed by another RSA key": lambda: signed(OTHER_RSA),
    "signed by another EC key": lambda: signed(OTHER_EC, "ES256", "ec"),
    "signed by another Ed25519 key": lambda: signed(OTHER_ED, "EdDSA", "ed"),
    "signed by its own embedded key": _embedded,
    "jku of somebody's own": lambda: signed(OTHER_RSA, headers={"jku": "https://evil.example/jwks"}),
    "x5u of somebody's own": lambda: signed(OTHER_RSA, headers={"x5u": "https://evil.example/cert"}),
    "an algorithm of the same key that is not allowed": lambda: signed(RSA_KEY, "RS512"),
    "PS256 with an RS256 key": lambda: signed(RSA_KEY, "PS256"),
    "an EC key of another curve": lambda: signed(P384, "ES384", "p384"),
    "the kid of a key of another kind": lambda: signed(EC_KEY, "ES256", "rsa"),
    "a key that is for encryption": lambda: signed(OTHER_RSA, kid="encryption"),
    "a weak RSA key": lambda: signed(WEAK_RSA, kid="weak"),
    "a broken key": lambda: signed(kid="broken"),
    "an unknown kid": lambda: signed(kid="unknown"),
    "no kid": lambda: signed(kid=None),
    "a kid that is a path": lambda: signed(kid="../../dev/null"),
    "a kid that is a number": lambda: raw(
        {"alg": "RS256", "typ": "JWT", "kid": 1}, json.dumps(claims()).encode(), b"x"
    ),
    "a changed payload": lambda: with_payload(signed(), sub="E2"),
    "a changed role": lambda: with_payload(signed(), roles=["platform-admin"]),
    "a changed signature": _last_bit,
    "a cut signature": lambda: signed()[:-10],
    "no signature at all": lambda: signed().rpartition(".")[0] + ".",
    "ECDSA with r = s = 0": lambda: raw(
        {"alg": "ES256", "typ": "JWT", "kid": "ec"}, json.dumps(claims()).encode(), bytes(64)
    ),
    "Ed25519 with a zero signature": lambda: raw(
        {"alg": "EdDSA", "typ": "JWT", "kid": "ed"}, json.dumps(claims()).encode(), bytes(64)
    ),
    "another issuer": lambda: signed(iss="https://evil.example"),
    "an issuer with a slash more": lambda: signed(iss=f"{ISSUER}/"),
    "no issuer": lambda: signed(iss=None),
    "a list of issuers": lambda: signed(iss=[ISSUER, "https://evil.example"]),
    "another audience": lambda: signed(aud="payroll"),
    "no audience": lambda: signed(aud=None),
    "an audience that begins like ours": lambda: signed(aud="mentorship-test"),
    "expired": lambda: signed(exp=_now() - 1),
    "expires this second": lambda: signed(exp=_now()),
    "no expiry": lambda: signed(exp=None),
    "an expiry that is words": lambda: signed(exp="tomorrow"),
    "an expiry that is no number": lambda: signed(exp=float("nan")),
    "an endless expiry": lambda: signed(exp=float("inf")),
    "an expiry of true": lambda: signed(exp=True),
    "not yet valid": lambda: signed(nbf=_now() + 60),
    "issued in the future": lambda: signed(iat=_now() + 60),
    "no subject": lambda: signed(sub=None),
    "an empty subject": lambda: signed(sub=""),
    "a subject that is a number": lambda: signed(sub=1),
    "a subject with a line break": lambda: signed(sub="E1\nE2"),
    "a subject that ends in a line break": lambda: signed(sub="E1\n"),
    "a mail address as subject": lambda: signed(sub="somebody@company.example"),
    "a critical header that nobody knows": lambda: signed(headers={"crit": ["exp"]}),
    "an unencoded payload": lambda: signed(headers={"crit": ["b64"], "b64": False}),
    "a logout token": lambda: signed(typ="logout+jwt"),
    "a proof of possession": lambda: signed(typ="dpop+jwt"),
    "an encrypted token": lambda: "a.b.c.d.e",
    "claims that are a list": lambda: jwt.api_jws.encode(b"[]", RSA_KEY, "RS256", headers={"kid": "rsa"}),
    "claims that are not JSON": lambda: jwt.api_jws.encode(b"{", RSA_KEY, "RS256", headers={"kid": "rsa"}),
    "claims that nest without end": lambda: jwt.api_jws.encode(b"[" * 5000, RSA_KEY, "RS256", headers={"kid": "rsa"}),
    "too long": lambda: signed(padding="x" * 10_000),
    "nothing but dots": lambda: "..",
    "no token": lambda: "token",
    "not ASCII": lambda: "é.é.é",
}
