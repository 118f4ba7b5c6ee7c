"""A trace as rows of a waterfall: parents above their children, each with its place in time."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One span; times are milliseconds from the start of the trace."""

    label: str
    service: str
    start: float
    until: float
    failed: bool

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return self.until - self.start

    def place(self, width: int, total: float) -> tuple[int, int]:
        """Where its bar begins and how long it is, in characters of a scale of `width` for `total`."""
        scale = width / total if total else 0.0
        left = min(width - 1, int(self.start * scale))
        return left, max(1, min(width - left, round(self.milliseconds * scale)))


def rows_of(spans: list[dict[str, Any]]) -> list[Row]:
    """The rows of a trace, top to bottom; a span whose parent is not there stands at the left."""
    known = {span["span_id"] for span in spans}
    children: dict[str, list[dict[str, Any]]] = {}
    for span in sorted(spans, key=lambda span: span["start"]):
        parent = span["parent_id"] if span["parent_id"] in known else ""
        children.setdefault(parent, []).append(span)
    begin = min(span["start"] for span in spans)
    rows: list[Row] = []

    # A list instead of recursion: the depth of a trace is not ours to bound.
    waiting = [(span, 0) for span in reversed(children.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        start, until = (span["start"] - begin) / 1e6, (span["end"] - begin) / 1e6
        rows.append(Row("  " * depth + span["name"], span["service"], start, until, span["failed"]))
        waiting += [(child, depth + 1) for child in reversed(children.get(span["span_id"], []))]
    return rows
