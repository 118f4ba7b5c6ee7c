"""A run as a file over HTTP: pairs, report, and the document that proves it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import StreamingResponse

from chassis.errors import Missing
from chassis.http import Router, Transaction
from matching.api.fields import Manager
from matching.api.runs import RunView, shown_run
from matching.handlers import exports
from matching.handlers.runs import visible_run

router = Router(prefix="/runs/{run_id}", tags=["runs"])

_JSON: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
_CSV: dict[str, Any] = {"text/csv": {"schema": {"type": "string"}}}
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": _JSON | _CSV, "description": "The file."}}
_PROOF: dict[int | str, dict[str, Any]] = {200: {"content": _JSON, "description": "The document."}}


@router.get("/export", response_class=StreamingResponse, responses=_FILE)
async def export_run(
    tx: Transaction,
    caller: Manager,
    run_id: UUID,
    request: Request,
    format: Annotated[Literal["csv", "json"], Query(description="CSV is one part, JSON all.")] = "json",  # noqa: A002  the name in the query
    part: Annotated[Literal["pairs", "unmatched", "report"], Query(description="Which part as CSV.")] = "pairs",
) -> StreamingResponse:
    """The pairs, those without one, and the report. It is read while it is sent: of a run under way nothing is."""
    run = await visible_run(tx, caller, run_id)
    database = request.app.state.edge.database()
    name = f"run-{run_id}" if format == "json" else f"run-{run_id}-{part}"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"', "Cache-Control": "no-store"}
    if format == "json":
        shown = RunView(**shown_run(run)).model_dump(mode="json")
        return StreamingResponse(
            exports.whole_json(database, run_id, shown), headers=headers, media_type="application/json"
        )
    lines = {
        "pairs": lambda: exports.pairs_csv(database, run_id),
        "unmatched": lambda: exports.unmatched_csv(database, run_id),
        "report": lambda: exports.report_csv(run.report),
    }[part]()
    return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/certificate", response_class=StreamingResponse, responses=_PROOF)
async def export_certificate(tx: Transaction, caller: Manager, run_id: UUID, request: Request) -> StreamingResponse:
    """The run as `mentorship verify-run` takes it: people and rules as they were, pairs, prices and bound.

    It is kept until somebody in it is erased.
    """
    await visible_run(tx, caller, run_id)
    document = await exports.document_of(request.app.state.edge.database(), run_id)
    if document is None:
        raise Missing
    headers = {
        "Content-Disposition": f'attachment; filename="run-{run_id}-certificate.json"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(exports.inflated(document), headers=headers, media_type="application/json")
