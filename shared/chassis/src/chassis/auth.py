"""Bearer tokens: signed by a key of the issuer, for us, now, and by an algorithm that we name."""

import asyncio
import base64
import json
import re
import ssl
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import jwt
from jwt import PyJWK

from chassis.access import Caller
from chassis.errors import Unauthenticated, Unavailable

ALGORITHMS = ("EdDSA", "ES256", "RS256")
TOKEN_BYTES = 8192
TOKENS_KNOWN = 1_000
"""Tokens that need not be verified again: that is a third of what a small request costs."""
SKEW_SECONDS = 5
"""How far ahead of ours an issuer's clock may be."""
KEYS_LIVE_SECONDS = 300.0
FETCH_EVERY_SECONDS = 5.0
_RSA_BITS = 2048
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}

Fetch = Callable[[str], Awaitable[dict[str, Any]]]


async def fetch_jwks(url: str) -> dict[str, Any]:
    """The issuer's key set, over HTTP."""
    address = httpx.URL(url)
    loopback = address.host in {"127.0.0.1", "localhost", "::1"}
    # The system's authorities and SSL_CERT_FILE's, which judge NATS and the mail server too; httpx has its own. An
    # address without TLS needs none: to read them takes 40 ms.
    trust = ssl.create_default_context() if address.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(timeout=5, follow_redirects=False, trust_env=not loopback, verify=trust) as client:
        response = await client.get(url, headers={"Accept": "application/json"})
        response.raise_for_status()
        keys = response.json()
    if not isinstance(keys, dict):
        raise TypeError("a key set is a JSON object")
    return keys


class KeySet:
    """The issuer's public keys, fetched when needed and never more often than every few seconds."""

    def __init__(self, url: str, fetch: Fetch = fetch_jwks, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> PyJWK | None:
        """The key of that id; an unknown id costs one fetch at most, and many of them no more than one."""
        # Behind whoever fetches them anew just now nobody waits who has a key that was good until then.
        if key_id in self._keys and (not self._old() or self._lock.locked()):
            return self._keys[key_id]
        async with self._lock:
            if (key_id not in self._keys or self._old()) and self._may_fetch():
                await self._refresh()
        if self._fetched_at is None:
            raise Unavailable("The issuer's keys cannot be had just now.", retry_after=5)
        return self._keys.get(key_id)

    def _old(self) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at > KEYS_LIVE_SECONDS

    def _may_fetch(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= FETCH_EVERY_SECONDS

    async def _refresh(self) -> None:
        try:
            self._keys = usable_keys(await self._fetch(self._url))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError):
            return  # the keys we have go on being good: an issuer that is away locks nobody out
        finally:
            # Counted from the end: a try may take as long as the pause, and a queue of callers would try one by one.
            self._tried_at = self._clock()
        self._fetched_at = self._clock()


def usable_keys(document: dict[str, Any]) -> dict[str, PyJWK]:
    """The public signature keys of a key set by id; secrets, weak and unknown keys are left out."""
    keys: dict[str, PyJWK] = {}
    listed = document.get("keys")
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str) or entry.get("use", "sig") != "sig":
            continue
        try:
            key = PyJWK(entry)
        except jwt.PyJWTError:
            continue
        if key.algorithm_name in ALGORITHMS and getattr(key.key, "key_size", _RSA_BITS) >= (
            _RSA_BITS if key.algorithm_name == "RS256" else 0
        ):
            keys[entry["kid"]] = key
    return keys


class Verifier:
    """Turns an `Authorization` header into a caller, or refuses."""

    def __init__(
        self, *, issuer: str, audience: str, keys: KeySet, subject_claim: str = "sub", roles_claim: str = "roles"
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._subject_claim = subject_claim
        self._roles_claim = roles_claim
        self._verified: OrderedDict[str, tuple[str, PyJWK, dict[str, Any]]] = OrderedDict()

    async def caller(self, headers: Sequence[str]) -> Caller:
        """The caller whose token stands in the one `Authorization` header."""
        if not headers:
            raise Unauthenticated(error=None)
        scheme, _, token = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer" or not token:
            raise Unauthenticated(error="invalid_request")
        try:
            claims = await self._claims(token.strip())
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise Unauthenticated from error
        return self._caller(claims)

    async def _claims(self, token: str) -> dict[str, Any]:
        """What a token says; one that was found good stays so while its key is the same and its time has not come."""
        if known := self._verified.get(token):
            key_id, key, claims = known
            if await self._keys.key(key_id) is key:
                if claims["exp"] <= time.time():
                    raise Unauthenticated
                return claims
        if len(token) > TOKEN_BYTES:
            raise Unauthenticated
        key_id, key, claims = await self._verify(token)
        self._verified[token] = key_id, key, claims
        if len(self._verified) > TOKENS_KNOWN:
            self._verified.popitem(last=False)
        return claims

    async def _verify(self, token: str) -> tuple[str, PyJWK, dict[str, Any]]:
        header = _header(token)
        key_id, algorithm = header.get("kid"), header.get("alg")
        kind = header.get("typ", "JWT")
        if not isinstance(key_id, str) or algorithm not in ALGORITHMS or "crit" in header or "b64" in header:
            raise Unauthenticated
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise Unauthenticated
        key = await self._keys.key(key_id)
        if key is None:
            raise Unauthenticated
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=self._audience,
            issuer=self._issuer,
            leeway=SKEW_SECONDS,
            options={"require": ["exp", "iss", "aud"], "verify_sub": False},
        )
        # The leeway is for clocks that run ahead, not for tokens that have run out.
        if not isinstance(claims["exp"], int | float) or claims["exp"] <= time.time():
            raise Unauthenticated
        return key_id, key, claims

    def _caller(self, claims: dict[str, Any]) -> Caller:
        subject = _claim(claims, self._subject_claim)
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            raise Unauthenticated
        roles = _claim(claims, self._roles_claim)
        if isinstance(roles, str):
            roles = roles.split()
        if not isinstance(roles, list):
            roles = []
        return Caller(subject, frozenset(role for role in roles if isinstance(role, str)))


def _header(token: str) -> dict[str, Any]:
    """What a token says of its key and algorithm: PyJWT takes the whole token apart for it, and strictly once more."""
    segment = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(f"{segment}==="))
    if not isinstance(header, dict):
        raise Unauthenticated
    return header


def _claim(claims: dict[str, Any], name: str) -> Any:
    """A claim by name; a name with dots also leads into objects (`realm_access.roles`)."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
