"""The issuer's keys: fetched when they are needed and seldom, kept while it is away."""

from typing import Any

import pytest
from jwt.algorithms import RSAAlgorithm

from chassis.auth import FETCH_EVERY_SECONDS, KEYS_LIVE_SECONDS
from chassis.errors import Problem, Unauthenticated, Unavailable
from tests.security.forging import OTHER_RSA, Issuer, jwk, signed


async def test_an_unknown_key_costs_one_fetch() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.caller([f"Bearer {signed()}"])
    assert issuer.fetched == 1
    issuer.now += FETCH_EVERY_SECONDS
    for number in range(100):
        with pytest.raises(Unauthenticated):
            await verifier.caller([f"Bearer {signed(kid=f'unknown-{number}')}"])
    assert issuer.fetched == 2


async def test_a_new_key_is_found_when_it_is_first_used_and_a_removed_one_stops_in_minutes() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.caller([f"Bearer {signed()}"])
    issuer.keys = {"keys": [jwk(RSAAlgorithm.to_jwk, OTHER_RSA.public_key(), "new", use="sig")]}
    issuer.now += FETCH_EVERY_SECONDS
    assert (await verifier.caller([f"Bearer {signed(OTHER_RSA, kid='new')}"])).subject == "E1"
    with pytest.raises(Unauthenticated):
        await verifier.caller([f"Bearer {signed()}"])


async def test_keys_are_fetched_anew_after_some_minutes() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.caller([f"Bearer {signed()}"])
    issuer.keys = {"keys": []}
    issuer.now += KEYS_LIVE_SECONDS + 1
    with pytest.raises(Unauthenticated):
        await verifier.caller([f"Bearer {signed()}"])


async def test_an_issuer_that_is_away_locks_nobody_out_who_was_in() -> None:
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.caller([f"Bearer {signed()}"])
    issuer.away = True
    issuer.now += KEYS_LIVE_SECONDS + 1
    assert (await verifier.caller([f"Bearer {signed()}"])).subject == "E1"


async def test_an_issuer_that_was_never_there_is_503_and_no_refusal() -> None:
    issuer = Issuer(away=True)
    verifier = issuer.verifier()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await verifier.caller([f"Bearer {signed()}"])
    assert issuer.fetched == 1
    issuer.away = False
    issuer.now += FETCH_EVERY_SECONDS
    assert (await verifier.caller([f"Bearer {signed()}"])).subject == "E1"


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": [None, 7, {"kid": "x"}]}])
async def test_a_key_set_of_another_shape_holds_no_keys(document: dict[str, Any]) -> None:
    with pytest.raises(Problem):
        await Issuer(keys=document).verifier().caller([f"Bearer {signed()}"])
