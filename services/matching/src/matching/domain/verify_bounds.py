"""Bounds that no choice of pairs exceeds, from the prices of an exported run alone.

Each gives the bound for what was not settled beforehand, and remarks: (what was looked at, whether it holds, words).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from matching.domain.verify_circles import Circles
from matching.domain.verify_scores import FULL, Numbers, Scores
from matching.domain.verify_undecided import Undecided

Certificate = Mapping[str, Any]
Remark = tuple[str, bool, str]
Bound = tuple[int, list[Remark]]
_DEAREST = 2**44


def price_bound(scores: Scores, certificate: Certificate, left: Undecided) -> Bound:
    """Each mentee's best after prices, and what all places cost; staying earns a bonus that is taken back."""
    charge, stay = certificate["charge"], certificate.get("stay", 0)
    base, _ = _weights(certificate)
    price = _prices([*certificate["column_price"], stay])[:-1]
    if len(price) != len(left.places):
        raise ValueError("there is not one price for each mentor")
    places = np.minimum(left.places, int(left.rows.sum()))
    total = -stay * max(0, len(left.home) - left.moves)
    for row in np.flatnonzero(left.rows).tolist():
        score, allowed = scores.allowed(row, certificate.get("floor", 0))
        if row in left.home:
            score[left.home[row]] += stay
        worth = np.where(allowed & (places > 0), base + score - price, 0)
        total += max(0, int(worth.max(initial=0)))
    for column, cost in enumerate(price.tolist()):
        total += sum(max(0, cost - charge * place) for place in range(int(places[column])))
    remarks = [("prices", bool((price >= 0).all()) and min(charge, stay) >= 0, "none is below 0")]
    most = min(int(left.rows.sum()), int(places.sum()))
    return total, [*remarks, _coverage(left, base, FULL + charge * int(places.max(initial=0)), most)]


def blossom_bound(scores: Scores, certificate: Certificate, left: Undecided) -> Bound:
    """Prices of people and of blossoms, odd sets of them within which fewer than half can have a partner."""
    base, scale = _weights(certificate)
    price, rows = _prices(certificate["row_price"]), left.rows
    prices = _prices([blossom["price"] for blossom in certificate["blossoms"]]).tolist()
    blossoms = [
        (np.array([scores.column_of[name] for name in blossom["members"]]), cost)
        for blossom, cost in zip(certificate["blossoms"], prices, strict=True)
    ]
    around: dict[int, list[int]] = {}
    for number, (members, _price) in enumerate(blossoms):
        for member in members.tolist():
            around.setdefault(member, []).append(number)
    short = 0
    for row in np.flatnonzero(rows).tolist():
        score, allowed = scores.allowed(row, certificate.get("floor", 0))
        cover = price[row] + price
        for number in around.get(row, ()):
            cover[blossoms[number][0]] += blossoms[number][1]
        short += int((allowed & rows & (cover < scale * (base + score))).sum())
    odd = all(len(set(members.tolist())) == len(members) and len(members) % 2 for members, _price in blossoms)
    bound = sum(price[rows].tolist()) + sum(cost * (len(members) // 2) for members, cost in blossoms)
    least = min([int(price.min(initial=0)), *(cost for _members, cost in blossoms)])
    remarks = [
        ("prices", least >= 0 and odd, f"none is below 0, and the {len(blossoms)} blossoms are odd"),
        ("every pair is priced", short == 0, f"{short // 2} pairs are worth more than their prices"),
    ]
    return bound // scale, [*remarks, _coverage(left, base, FULL, int(rows.sum()) // 2)]


def circle_bound(scores: Scores, certificate: Certificate, left: Undecided) -> Bound:
    """Each circle asks for itself which people it would take after prices; the best of these answers add up.

    Where coverage comes first, other prices say in the same way how many people circles can have at most.
    """
    base, scale = _weights(certificate)
    _, cover_scale = _weights({"base": 0, "scale": certificate["cover_scale"]})
    price, cover_price = (_prices(certificate[name])[left.rows] for name in ("row_price", "cover_price"))
    circles = Circles.of(scores, left, certificate.get("floor", 0))
    remarks = [
        ("prices", bool(min(price.min(initial=0), cover_price.min(initial=0)) >= 0), "none is below 0"),
        _coverage(left, base, FULL, circles.people),
    ]
    if not circles.possible:
        return 0, [*remarks, ("pinned circles", False, "one of them cannot have as many people as it needs")]
    if not left.coverage:
        return int(price.sum() + circles.worth(scale, price)) // scale, remarks
    ones = replace(circles, score=np.where(circles.score < 0, circles.score, 1).astype(np.int16))
    cover = circles.reachable(int(cover_price.sum() + ones.worth(cover_scale, cover_price)) // cover_scale)
    lift = certificate["lift"]
    total = (int(price.sum() + circles.worth(scale, price - lift, cover)) - lift * cover) // scale
    # With fewer people all points together are worth less than one of them.
    return base * cover + max(0, total), [*remarks, ("people in circles", True, f"{cover:,} at most")]


def _prices(values: Sequence[int]) -> Numbers:
    """Prices that can be added up and compared in 64 bits."""
    if any(abs(value) > _DEAREST for value in values):
        raise ValueError(f"a price is beyond {_DEAREST:,}")
    return np.array(values, np.int64)


def _weights(certificate: Mapping[str, Any]) -> tuple[int, int]:
    """What a pair weighs by itself, and in how many parts a point is counted."""
    base, scale = int(certificate["base"]), int(certificate.get("scale", 1))
    if scale < 1 or base < 0:
        raise ValueError("its scale is below 1, or its base below 0")
    if max(base * scale, abs(certificate.get("lift", 0))) > _DEAREST:
        raise ValueError(f"its base, scale or lift is beyond {_DEAREST:,}")
    return base, scale


def _coverage(left: Undecided, base: int, highest: int, most: int) -> Remark:
    """Whether one more pair outweighs every difference in points; where the total alone counts, it weighs nothing."""
    if not left.coverage:
        return "coverage", base == 0, "a pair counts for its points alone"
    return "coverage", base > highest * most or most == 0, "one more pair outweighs every difference in points"
