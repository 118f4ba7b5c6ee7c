import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from matching.domain.encoding import encode
from matching.domain.engine.peers.pairing import pair_up
from matching.domain.export import exported
from matching.domain.people import Profile
from matching.domain.problems import Problem
from matching.domain.rules import Rules
from matching.domain.scoring import contributions
from matching.domain.solutions import Certificate, Pair, Solution
from matching.domain.verify import verify
from tests.matching.people import TAXONOMY

SKILLS = ("a", "a1", "b", "c", "d", "e", "f", "g")


def pool(size: int, *, seed: int, teams: int = 2) -> Problem:
    """People of whom each may meet their own team alone: odd teams, whose last one finds nobody."""
    dice = Random(seed)
    people = [
        Profile(
            employee_id=f"P{number:03}",
            level=dice.randint(0, 4),
            skills_wanted=frozenset(dice.sample(SKILLS, 3)),
            skills_offered=frozenset(dice.sample(SKILLS, 3)),
            languages=frozenset({str(number % teams)}),
        )
        for number in range(size)
    ]
    return Problem("peer", Rules(shared_language=True), tuple(people), taxonomy=TAXONOMY)


def document_of(problem: Problem) -> dict[str, Any]:
    encoded = encode(problem)
    found = pair_up(encoded.market)
    names = [problem.mentees[place].employee_id for place in encoded.row_order.tolist()]
    pairs = []
    for row, mate in enumerate(found.mate.tolist()):
        if mate >= 0 and names[row] < names[mate]:
            one, other = (problem.mentees[encoded.row_order[place]] for place in (row, mate))
            parts = contributions(one, other, problem.rules, problem.format, problem.taxonomy)
            pairs.append(
                Pair(
                    one.employee_id,
                    other.employee_id,
                    sum(parts.values()),
                    {str(name): points for name, points in parts.items()},
                )
            )
    proof = found.proof
    blossoms = [
        {"members": [names[place] for place in proof.order[first:last].tolist()], "price": int(z)}
        for first, last, z in zip(proof.start, proof.stop, proof.z, strict=True)
    ]
    price = dict(zip(names, proof.dual.tolist(), strict=True))
    row_price = tuple(price[profile.employee_id] for profile in problem.mentees)
    certificate = Certificate(
        "blossoms",
        found.base,
        found.value,
        found.upper_bound,
        row_price,
        row_price,
        {"scale": 2, "blossoms": blossoms},
    )
    solution = Solution(
        tuple(sorted(pairs, key=lambda pair: (pair.mentee, pair.mentor))),
        {},
        people=len(names),
        total=found.total,
        upper_bound=found.total + found.gap,
        inputs_digest=problem.digest,
        certificate=certificate,
    )
    document: dict[str, Any] = json.loads(json.dumps(exported(problem, solution)))
    return document


def complaints(document: dict[str, Any]) -> list[str]:
    return [finding.check for finding in verify(document).findings if not finding.holds]


@pytest.mark.parametrize(("size", "teams"), [(14, 1), (15, 1), (22, 2), (33, 3), (45, 5)])
def test_the_pairs_of_a_pool_are_proven_by_the_prices_of_people_and_blossoms(size: int, teams: int) -> None:
    for seed in range(3):
        verdict = verify(document_of(pool(size, seed=seed, teams=teams)))
        assert verdict.holds, [finding for finding in verdict.findings if not finding.holds]
        assert verdict.gap == 0


def odd_teams() -> dict[str, Any]:
    document = document_of(pool(33, seed=1, teams=3))
    assert document["certificate"]["blossoms"], "odd teams need the price of an odd set"
    return document


def test_a_price_of_a_person_that_was_lowered_is_seen() -> None:
    document = odd_teams()
    prices = document["certificate"]["row_price"]
    dearest = max(range(len(prices)), key=prices.__getitem__)
    prices[dearest] -= 2
    assert "every pair is priced" in complaints(document)


def test_a_blossom_that_is_left_out_is_seen() -> None:
    document = odd_teams()
    document["certificate"]["blossoms"].pop()
    assert "every pair is priced" in complaints(document)


def test_a_blossom_of_an_even_size_is_seen() -> None:
    document = odd_teams()
    document["certificate"]["blossoms"][0]["members"].pop()
    assert "prices" in complaints(document)


def test_a_pool_with_one_pair_more_than_there_was_is_seen() -> None:
    problem = pool(14, seed=1, teams=1)
    document = document_of(replace(problem, mentees=problem.mentees[:12]))
    document["claim"]["pairs"] += 1
    assert "claims" in complaints(document)
