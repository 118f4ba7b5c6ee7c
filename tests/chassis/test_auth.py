"""The issuer's keys while the issuer says nothing at all."""

import asyncio
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from jwt.algorithms import OKPAlgorithm

from chassis.auth import FETCH_EVERY_SECONDS, KEYS_LIVE_SECONDS, KeySet, Verifier
from chassis.errors import Unauthenticated

KEY = {**OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True), "kid": "known"}
TIME_LIMIT = 5.0


class Silent:
    """An issuer that answers at first, and then takes connections without a word."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fetched = 0
        self.hanging = asyncio.Event()

    async def fetch(self, _: str) -> dict[str, Any]:
        self.fetched += 1
        if self.fetched > 1:
            await self.hanging.wait()
            self.now += TIME_LIMIT
            raise httpx.ReadTimeout("silent")
        return {"keys": [KEY]}


async def test_while_one_caller_waits_for_a_silent_issuer_the_others_do_not() -> None:
    issuer = Silent()
    keys = KeySet("https://issuer.example/jwks", issuer.fetch, lambda: issuer.now)
    assert await keys.key("known")
    issuer.now += KEYS_LIVE_SECONDS + 1
    waiting = asyncio.create_task(keys.key("known"))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(keys.key("known"), 1)
    issuer.hanging.set()
    assert await waiting


async def test_a_queue_of_callers_waits_for_a_silent_issuer_once() -> None:
    issuer = Silent()
    keys = KeySet("https://issuer.example/jwks", issuer.fetch, lambda: issuer.now)
    assert await keys.key("known")
    issuer.now += FETCH_EVERY_SECONDS
    waiting = [asyncio.create_task(keys.key(f"unknown-{number}")) for number in range(10)]
    await asyncio.sleep(0)
    issuer.hanging.set()
    assert await asyncio.gather(*waiting) == [None] * 10
    assert issuer.fetched == 2


async def test_a_token_known_to_be_good_is_refused_when_its_time_has_come_or_its_key_is_withdrawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    private, clock, published, now = ed25519.Ed25519PrivateKey.generate(), [1000.0], [], time.time()
    published.append({**OKPAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": "mine"})

    async def fetch(_: str) -> dict[str, Any]:
        return {"keys": published}

    keys = KeySet("https://issuer.example/jwks", fetch, lambda: clock[0])
    verifier = Verifier(issuer="https://issuer.example", audience="mentorship", keys=keys)
    claims = {"iss": "https://issuer.example", "aud": "mentorship", "sub": "E1", "exp": now + 600}
    header = ["Bearer " + jwt.encode(claims, private, "EdDSA", headers={"kid": "mine"})]
    for _ in range(3):
        assert (await verifier.caller(header)).subject == "E1"
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: now + 601)
        with pytest.raises(Unauthenticated):
            await verifier.caller(header)
    assert (await verifier.caller(header)).subject == "E1"
    published.clear()
    clock[0] += KEYS_LIVE_SECONDS + 1
    with pytest.raises(Unauthenticated):
        await verifier.caller(header)
