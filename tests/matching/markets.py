"""Random markets with every kind of term, and their scores by the definition."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matching.domain.engine.market import FORBIDDEN, Market, Points, Terms


def random_market(
    rng: np.random.Generator, rows: int, columns: int, *, richness: int = 12, capacity: int = 3, floor: int = 0
) -> Market:
    """A market of few or many different terms (`richness`), every one of them a chance for ties."""
    lists = [rng.integers(0, richness, rng.integers(0, 7)) for _ in range(rows)]
    shares = [np.full(len(found), 5000 // max(1, len(found)), np.int16) for found in lists]
    extras = [np.unique(rng.integers(0, columns, rng.integers(0, 4))) for _ in range(rows)]
    points = [rng.choice([FORBIDDEN, 500, 1000], len(found)).astype(np.int16) for found in extras]
    return Market(
        capacity=rng.integers(0, capacity + 1, columns).astype(np.int32),
        credit=rng.choice([0, 0, 2, 4], (richness, columns)).astype(np.uint8),
        credits=terms(lists),
        share=np.concatenate([*shares, np.zeros(0, np.int16)]).astype(np.int16),
        value=rng.integers(0, 1000, (3, columns)).astype(np.int16),
        values=terms([rng.integers(0, 3, rng.integers(0, 5)) for _ in range(rows)]),
        gate=(rng.random((4, columns)) < 0.7).astype(np.uint8),
        gates=terms([rng.integers(0, 4, rng.integers(0, 5)) for _ in range(rows)]),
        pairs=terms(extras),
        points=np.concatenate([*points, np.zeros(0, np.int16)]).astype(np.int16),
        row_line=_lines(rng, rows),
        column_line=_lines(rng, columns),
        floor=floor,
    )


def terms(lists: Sequence[npt.ArrayLike]) -> Terms:
    """Lists one after the other."""
    arrays = [np.asarray(found, np.int32) for found in lists]
    start = np.concatenate([[0], np.cumsum([len(found) for found in arrays])]).astype(np.int64)
    return Terms(start, np.concatenate([*arrays, np.zeros(0, np.int32)]))


def scores_by_definition(market: Market) -> Points:
    """The whole matrix of scores, slowly and as it is written down."""
    found = np.full((market.rows, market.columns), FORBIDDEN, np.int16)
    for i in range(market.rows):
        for j in range(market.columns):
            found[i, j] = _score(market, i, j)
    return found


def _score(market: Market, i: int, j: int) -> int:
    def own(listed: Terms) -> slice:
        return slice(int(listed.start[i]), int(listed.start[i + 1]))

    of_credits = own(market.credits)
    total = sum(
        int(share) * int(market.credit[term, j]) // 4
        for term, share in zip(market.credits.term[of_credits], market.share[of_credits], strict=True)
    )
    total += sum(int(market.value[term, j]) for term in market.values.term[own(market.values)])
    extra = dict(zip(market.pairs.term[own(market.pairs)], market.points[own(market.pairs)], strict=True)).get(j, 0)
    (enter, leave), (other, end) = market.row_line[i], market.column_line[j]
    nested = enter < leave and other < end and (enter <= other < leave or other <= enter < end)
    shut = any(market.gate[term, j] == 0 for term in market.gates.term[own(market.gates)])
    if nested or shut or extra < 0 or total + extra < market.floor:
        return FORBIDDEN
    return total + int(extra)


def _lines(rng: np.random.Generator, size: int) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """Nested or disjoint intervals: places in a walk of a tree of depth three; some stand outside."""
    kinds = np.array([[0, 0], [1, 9], [2, 5], [3, 4], [5, 9], [6, 7], [10, 12], [11, 12], [12, 14]])
    return kinds[rng.choice(len(kinds), size, p=[0.5] + [0.5 / 8] * 8)].astype(np.int32)
