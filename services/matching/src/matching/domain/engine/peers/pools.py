"""Parts of a market of peers: pools that have nothing to do with one another, and a market of some of its people."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.domain.engine.market import Market, Terms
from matching.domain.engine.peers.certificate import Certificate
from matching.domain.engine.peers.pairing import Pairing
from matching.domain.engine.scoring import score_row


def pools(market: Market, people: npt.NDArray[Any]) -> list[npt.NDArray[np.int64]]:
    """The pools of some people: all whom they can reach by allowed pairs, each pool once and in ascending order."""
    reached = market.capacity <= 0
    found = []
    for person in people:
        if reached[person]:
            continue
        reached[person] = True
        pool = [int(person)]
        for member in pool:
            beside = np.flatnonzero((score_row(market, member) >= 0) & ~reached)
            reached[beside] = True
            pool += beside.tolist()
        found.append(np.array(sorted(pool), np.int64))
    return found


def restricted(market: Market, people: npt.NDArray[Any]) -> Market:
    """The market of some of the people, in ascending order, numbered anew."""
    number = np.full(market.rows, -1, np.int32)
    number[people] = np.arange(len(people), dtype=np.int32)
    credit_terms, at = _rows(market.credits, people)
    share = market.share[at]
    listed, at = _rows(market.pairs, people)
    kept = number[listed.term] >= 0
    counts = np.concatenate([[0], np.cumsum(kept)])
    pairs = Terms(counts[listed.start].astype(np.int64), number[listed.term[kept]])
    return replace(
        market,
        capacity=market.capacity[people],
        credit=np.ascontiguousarray(market.credit[:, people]),
        credits=credit_terms,
        share=share,
        value=np.ascontiguousarray(market.value[:, people]),
        values=_rows(market.values, people)[0],
        gate=np.ascontiguousarray(market.gate[:, people]),
        gates=_rows(market.gates, people)[0],
        pairs=pairs,
        points=market.points[at][kept],
        row_line=market.row_line[people],
        column_line=market.column_line[people],
    )


def pairing_of(pairing: Pairing, pool: npt.NDArray[np.int64]) -> Pairing:
    """The pairs and the proof of one pool alone, numbered as in the market of its people."""
    number = np.full(len(pairing.mate), -1, np.int32)
    number[pool] = np.arange(len(pool), dtype=np.int32)
    mate, proof = pairing.mate[pool], pairing.proof
    kept = number[proof.order] >= 0
    place = np.concatenate([[0], np.cumsum(kept)]).astype(np.int32)
    groups = kept[proof.start]
    own = Certificate(
        proof.dual[pool],
        number[proof.order[kept]],
        place[proof.start[groups]],
        place[proof.stop[groups]],
        proof.z[groups],
    )
    mate = np.where(mate >= 0, number[mate], -1).astype(np.int32)
    return replace(pairing, mate=mate, score=pairing.score[pool], proof=own)


def _rows(listed: Terms, rows: npt.NDArray[Any]) -> tuple[Terms, npt.NDArray[np.int64]]:
    """The lists of some rows, and where their entries stood."""
    size = np.diff(listed.start)[rows]
    start = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(size, out=start[1:])
    at = np.repeat(listed.start[:-1][rows] - start[:-1], size) + np.arange(start[-1])
    return Terms(start, listed.term[at]), at
