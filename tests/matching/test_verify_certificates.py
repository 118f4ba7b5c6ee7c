"""Certificates that were tampered with prove nothing."""

from typing import Any

import pytest

from matching.domain.rules import Rules
from matching.domain.verify import Unreadable, verify
from tests.matching.test_verify import company, complaints, run_of


def test_a_lowered_price_is_seen() -> None:
    document = run_of(company(Rules()))
    prices = document["certificate"]["column_price"]
    dearest = max(range(len(prices)), key=prices.__getitem__)
    prices[dearest] //= 2
    assert complaints(document) == ["bound"]


def test_a_price_below_nothing_is_seen() -> None:
    document = run_of(company(Rules()))
    document["certificate"]["column_price"][0] = -1
    assert "prices" in complaints(document)


def test_an_inflated_value_is_seen() -> None:
    document = run_of(company(Rules()))
    document["claim"]["total"] += 1
    document["claim"]["value"] += 1
    assert complaints(document) == ["claims", "bound"]


def test_a_bound_that_is_claimed_too_low_is_seen() -> None:
    document = run_of(company(Rules()))
    document["claim"]["upper_bound"] -= 1
    assert complaints(document) == ["bound"]


def test_a_pair_left_out_leaves_a_gap() -> None:
    document = run_of(company(Rules()))
    lost = document["pairs"].pop()
    claim = document["claim"]
    claim |= {"pairs": claim["pairs"] - 1, "total": claim["total"] - lost["score"]}
    claim["value"] -= document["certificate"]["base"] + lost["score"]
    verdict = verify(document)
    assert verdict.holds
    assert verdict.gap == document["certificate"]["base"] + lost["score"]


def test_weights_too_small_to_put_coverage_first_are_seen() -> None:
    document = run_of(company(Rules()))
    document["certificate"]["base"] = 1
    assert "coverage" in complaints(document)


def test_a_floor_is_no_part_of_a_proof_where_the_worst_pair_does_not_count_first() -> None:
    document = run_of(company(Rules()))
    document["certificate"]["floor"] = min(pair["score"] for pair in document["pairs"])
    assert "terms" in complaints(document)


def test_a_charge_that_is_not_the_programmes_is_seen() -> None:
    document = run_of(company(Rules(load_charge=300)))
    document["certificate"]["charge"] = 0
    assert "terms" in complaints(document)


def test_weights_too_small_are_seen_where_the_worst_pair_counts_first() -> None:
    document = run_of(company(Rules(objective="fair"), size=16))
    document["certificate"]["base"] = 1
    assert "coverage" in complaints(document)


def test_pairs_weigh_nothing_by_themselves_where_the_total_alone_counts() -> None:
    document = run_of(company(Rules(objective="total")))
    document["certificate"]["base"] = 1
    assert "coverage" in complaints(document)


@pytest.mark.parametrize("programme_format", ["one_on_one", "peer", "group"])
@pytest.mark.parametrize("wrong", [2**62, -(2**62)])
def test_prices_beyond_what_can_be_added_up_are_damage(programme_format: Any, wrong: int) -> None:
    rules = Rules(circle_min=3, circle_max=6) if programme_format == "group" else Rules()
    document = run_of(company(rules, programme_format, size=16))
    side = "column_price" if document["certificate"]["kind"] == "prices" else "row_price"
    document["certificate"][side][:4] = [wrong] * 4
    with pytest.raises(Unreadable, match="price"):
        verify(document)


@pytest.mark.parametrize("programme_format", ["one_on_one", "peer", "group"])
def test_a_weight_that_64_bits_cannot_hold_is_damage(programme_format: Any) -> None:
    rules = Rules(circle_min=3, circle_max=6) if programme_format == "group" else Rules()
    document = run_of(company(rules, programme_format, size=16))
    document["certificate"]["base"] = 2**62
    with pytest.raises(Unreadable, match="base"):
        verify(document)


@pytest.mark.parametrize("programme_format", ["peer", "group"])
def test_a_scale_below_one_is_damage(programme_format: Any) -> None:
    rules = Rules(circle_min=3, circle_max=6) if programme_format == "group" else Rules()
    document = run_of(company(rules, programme_format, size=16))
    document["certificate"]["scale"] = 0
    with pytest.raises(Unreadable, match="scale"):
        verify(document)
