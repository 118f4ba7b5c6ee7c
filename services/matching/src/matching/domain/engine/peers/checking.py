"""A plain check of a pairing's proof, person by person."""

import numpy as np

from matching.domain.engine.market import Market
from matching.domain.engine.peers.pairing import Pairing
from matching.domain.engine.scoring import score_row


def check_pairing(market: Market, pairing: Pairing) -> list[tuple[int, int]]:
    """The allowed pairs that break a pairing's proof, none if it is valid; plainly, one person after the other."""
    proof = pairing.proof
    if ((proof.stop - proof.start) % 2 == 0).any() or (proof.dual < 0).any() or (proof.z < 0).any():
        raise ValueError("a proof has duals of zero or more, and odd groups")
    members = [proof.order[first:last] for first, last in zip(proof.start, proof.stop, strict=True)]
    groups: list[list[int]] = [[] for _ in range(market.rows)]
    for g, people in enumerate(members):
        for i in people:
            groups[i].append(g)
    broken = []
    for i in range(market.rows):
        score = score_row(market, i).astype(np.int64)
        room = proof.dual[i] + proof.dual - 2 * (pairing.base + score)
        for g in groups[i]:
            room[members[g]] += proof.z[g]
        broken += [(i, int(j)) for j in np.flatnonzero((room < 0) & (score >= 0))]
    return broken
