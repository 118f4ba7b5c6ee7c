"""`mentorship trace`: one trace as a waterfall, or the list of the last ones."""

import time
from typing import Any

import typer
from rich.text import Text

from mentorship.local.front import ask
from mentorship.local.waterfall import Row, rows_of
from mentorship.problem import Problem
from mentorship.terminal import Json, out, print_json, print_table, say

_COLOURS = {"matching": "cyan", "sessions": "green", "notifications": "magenta", "analytics": "yellow"}
_SETTLES_WITHIN = 5.0
_LEAST_BARS = 16


def trace(
    trace_id: str = typer.Argument(
        "", metavar="[ID]", help="The id of a trace or its beginning, as in a response's header."
    ),
    last: bool = typer.Option(False, "--last", help="The trace that began last with an HTTP request or a message."),
    limit: int = typer.Option(20, "--limit", "-n", min=1, max=1000, help="How many to list."),
    json: bool = Json,
) -> None:
    """Draw one trace in the terminal: what happened, where, and how long it took; without ID, list the last ones."""
    if not trace_id and not last:
        _list(limit, json)
        return
    spans = _settled(trace_id or _newest())
    if json:
        print_json(spans)
        return
    _draw(spans)


def _list(limit: int, json: bool) -> None:
    traces = ask("/traces", limit=limit)
    if json:
        print_json(traces)
        return
    if not traces:
        say("No trace yet: send a request to a service, or run `mentorship demo`.")
        return
    rows = [
        (one["trace_id"][:12], one["name"], f"{one['milliseconds']:.0f} ms", one["spans"], len(one["services"]))
        for one in traces
    ]
    print_table("Traces, the newest first", ("id", "began with", "took", "spans", "services"), rows)
    say("[dim]mentorship trace ID draws one of them.[/dim]")


def _newest() -> str:
    """The newest trace that is a story: probes and polls that stay in one service with one span are none."""
    traces = ask("/traces", limit=1000)
    telling = [one for one in traces if one["spans"] > 1] or traces
    if not telling:
        raise Problem("No trace yet: send a request to a service, or run `mentorship demo`.")
    return str(telling[0]["trace_id"])


def _settled(trace_id: str) -> list[dict[str, Any]]:
    """The spans of a trace; waits a little for one that was made just now, whose spans are still on their way."""
    deadline = time.monotonic() + _SETTLES_WITHIN
    spans: list[dict[str, Any]] = ask(f"/traces/{trace_id}")
    while not spans and time.monotonic() < deadline:
        time.sleep(0.3)
        spans = ask(f"/traces/{trace_id}")
    if not spans:
        raise Problem(
            f"No trace begins with {trace_id} among the last 20,000 spans: `mentorship trace` lists those there are."
        )
    if len({span["trace_id"] for span in spans}) > 1:
        raise Problem(f"Several traces begin with {trace_id}: give more of the id.")
    return spans


def _draw(spans: list[dict[str, Any]]) -> None:
    rows = rows_of(spans)
    services = max(len(row.service) for row in rows)
    room = out.width - services - 16
    names = max(len(row.label) for row in rows)
    if out.is_terminal:
        names = min(names, room - _LEAST_BARS)
    bars = max(_LEAST_BARS, room - names)
    total = max(row.until for row in rows)
    say(f"Trace [bold]{spans[0]['trace_id']}[/bold]: {len(rows)} spans, {total:.1f} ms")
    for row in rows:
        out.print(_line(row, names, services, bars, total), soft_wrap=True)


def _line(row: Row, names: int, services: int, bars: int, total: float) -> Text:
    colour = "red" if row.failed else _COLOURS.get(row.service, "white")
    line = Text(f"{row.service:<{services}}  ", style=colour)
    line.append(f"{_fitted(row.label, names):<{names}}  ", style="bold red" if row.failed else "")
    left, length = row.place(bars, total)
    line.append(" " * left)
    line.append("━" * length, style=colour)
    line.append(" " * (bars - left - length))
    line.append(f" {row.milliseconds:>8.1f} ms", style="dim")
    return line


def _fitted(label: str, width: int) -> str:
    """The label in a column of that width; of a subject that is too long its end tells more than its beginning."""
    if len(label) <= width:
        return label
    verb, _, subject = label.rpartition(" ")
    return f"{verb} \N{HORIZONTAL ELLIPSIS}{subject[len(label) - width + 1 :]}"
