"""A run as a file: read in pieces, each in a short transaction of its own, so that no size holds anything up."""

import json
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from chassis.transaction import Database
from matching.adapters.db import certificates, outcomes
from matching.domain.rules import CRITERIA
from matching.domain.solutions import Pair
from matching.domain.spreadsheet import csv_lines

_AT_ONCE = 2000
_PIECE = 1 << 18


async def pairs_csv(database: Database, run_id: UUID) -> AsyncIterator[str]:
    """The pairs with what each criterion gives them."""
    yield csv_lines([("mentee_id", "mentor_id", "score", *CRITERIA)])
    async for pairs in _pairs(database, run_id):
        yield csv_lines(
            (pair.mentee, pair.mentor, pair.score, *(pair.contributions.get(name, 0) for name in CRITERIA))
            for pair in pairs
        )


async def unmatched_csv(database: Database, run_id: UUID) -> AsyncIterator[str]:
    """Who has nobody, and why."""
    yield csv_lines([("employee_id", "reason")])
    async for people in _unmatched(database, run_id):
        yield csv_lines(people)


async def report_csv(report: Mapping[str, Any]) -> AsyncIterator[str]:
    """The report's figures, one in each line."""
    yield csv_lines([("figure", "value"), *_figures(report, "")])


async def whole_json(database: Database, run_id: UUID, run: Mapping[str, Any]) -> AsyncIterator[str]:
    """Everything: the run with its report, the pairs, and who has nobody."""
    yield f'{{"run":{json.dumps(run)},"pairs":['
    comma = ""
    async for pairs in _pairs(database, run_id):
        yield comma + ",".join(json.dumps(_shown(pair)) for pair in pairs)
        comma = ","
    yield '],"unmatched":['
    comma = ""
    async for people in _unmatched(database, run_id):
        yield comma + ",".join(json.dumps({"employee_id": name, "reason": reason}) for name, reason in people)
        comma = ","
    yield "]}\n"


async def document_of(database: Database, run_id: UUID) -> bytes | None:
    """The run as `mentorship verify-run` takes it, deflated; nothing if it is not kept."""
    async with database.transaction() as tx:
        return await certificates.document_of(tx, run_id)


async def inflated(document: bytes) -> AsyncIterator[bytes]:
    """The document as it was, in pieces."""
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    for start in range(0, len(document), _PIECE):
        yield inflate.decompress(document[start : start + _PIECE])
    yield inflate.flush()


async def _pairs(database: Database, run_id: UUID) -> AsyncIterator[list[Pair]]:
    after = -1
    while True:
        async with database.transaction() as tx:
            found = await outcomes.pairs_of(tx, run_id, after, _AT_ONCE)
        if not found:
            return
        yield [pair for _, pair in found]
        after = found[-1][0]


async def _unmatched(database: Database, run_id: UUID) -> AsyncIterator[list[tuple[str, Any]]]:
    after = ""
    while True:
        async with database.transaction() as tx:
            found = await outcomes.unmatched_page(tx, run_id, after, _AT_ONCE)
        if not found:
            return
        yield found
        after = found[-1][0]


def _shown(pair: Pair) -> dict[str, Any]:
    return {
        "mentee_id": pair.mentee,
        "mentor_id": pair.mentor,
        "score": pair.score,
        "contributions": pair.contributions,
    }


def _figures(value: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [row for key, one in value.items() for row in _figures(one, f"{name}.{key}" if name else str(key))]
    if isinstance(value, list):
        return [row for number, one in enumerate(value) for row in _figures(one, f"{name}.{number}")]
    return [(name, value)]
