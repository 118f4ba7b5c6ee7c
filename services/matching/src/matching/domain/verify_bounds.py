"""Bounds that no choice of pairs exceeds, from the prices of an exported run alone.

Each gives the bound for what was not settled beforehand, and remarks: (what was looked at, whether it holds, words).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from matching.domain.verify_scores import FULL, Flags, Numbers, Scores

Remark = tuple[str, bool, str]
Bound = tuple[int, list[Remark]]
_DEAREST = 2**44


def price_bound(scores: Scores, document: Mapping[str, Any], rows: Flags, places: Numbers) -> Bound:
    """Each mentee's best after prices, and what all places cost."""
    certificate = document["certificate"]
    charge, floor = certificate["charge"], certificate.get("floor", 0)
    base, _ = _weights(certificate)
    price = _prices(certificate["column_price"])
    if len(price) != len(places):
        raise ValueError("there is not one price for each mentor")
    places = np.minimum(places, int(rows.sum()))
    total = 0
    for row in np.flatnonzero(rows).tolist():
        score, allowed = scores.allowed(row, floor)
        worth = np.where(allowed & (places > 0), base + score - price, 0)
        total += max(0, int(worth.max(initial=0)))
    for column, cost in enumerate(price.tolist()):
        total += sum(max(0, cost - charge * place) for place in range(int(places[column])))
    remarks = [("prices", bool((price >= 0).all()), "none is below 0")]
    most = min(int(rows.sum()), int(places.sum()))
    return total, [*remarks, _coverage(document, base, FULL + charge * int(places.max(initial=0)), most)]


def blossom_bound(scores: Scores, document: Mapping[str, Any], rows: Flags, _: Numbers) -> Bound:
    """Prices of people and of blossoms, odd sets of them within which fewer than half can have a partner."""
    certificate = document["certificate"]
    base, scale = _weights(certificate)
    price = _prices(certificate["row_price"])
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
    return bound // scale, [*remarks, _coverage(document, base, FULL, int(rows.sum()) // 2)]


def circle_bound(scores: Scores, document: Mapping[str, Any], rows: Flags, places: Numbers) -> Bound:
    """Each circle asks for itself which people it would take after prices; the best of these answers add up."""
    certificate, least = document["certificate"], document["rules"]["circle_min"]
    lift, cover = certificate["lift"], certificate["cover"]
    base, scale = _weights(certificate)
    price, pairs = _prices(certificate["row_price"]), len(document["pairs"]) - len(document["pins"])
    table = np.full((len(places), len(rows)), -1, np.int16)
    for row in np.flatnonzero(rows).tolist():
        score, allowed = scores.allowed(row, certificate.get("floor", 0))
        table[:, row] = np.where(allowed, score, -1)
    worth = [
        _circle_worth(line[line >= 0] * scale + lift - price[line >= 0], least, int(room))
        for line, room in zip(table.astype(np.int64), places, strict=True)
    ]
    reach = np.cumsum(np.sort(places[places >= least])[::-1])
    fewest = int(np.searchsorted(reach, cover)) + 1 if cover else 0
    best = sorted((value for value in worth if value is not None), reverse=True)
    taken = [value for number, value in enumerate(best[: cover // least]) if value > 0 or number < fewest]
    total = (sum(price[rows].tolist()) + sum(taken) - lift * cover) // scale
    free = bool((price >= 0).all()) or cover == int(rows.sum())
    most = min(int((table >= 0).any(axis=0).sum()), int(reach[-1]) if len(reach) else 0)
    remarks = [
        ("prices", free, "none is below 0, or everybody has a circle"),
        ("people in circles", pairs <= cover <= most, f"{cover} are claimed to be the most; {most} by counting places"),
    ]
    return base * cover + total, remarks


def _circle_worth(gains: Numbers, least: int, room: int) -> int | None:
    """The most that a circle of `least` to `room` people adds up to; None if there are too few."""
    if min(room, len(gains)) < least:
        return None
    best = np.sort(gains)[::-1][:room]
    return int(np.cumsum(best)[least - 1 :].max())


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


def _coverage(document: Mapping[str, Any], base: int, highest: int, most: int) -> Remark:
    """Whether one more pair outweighs every difference in points; where the total alone counts, it weighs nothing."""
    if document["rules"]["objective"] == "total":
        return "coverage", base == 0, "a pair counts for its points alone"
    return "coverage", base > highest * most or most == 0, "one more pair outweighs every difference in points"
