"""Plots as SVG that stands inside a page: its colours are the page's, its words can be read aloud."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH = 540
_AXIS = 24


class Bar(NamedTuple):
    """One bar: what it stands for, how long it is, and what is written at its end."""

    label: str
    value: float
    says: str


def columns(bars: Sequence[Bar], *, title: str, axis: str, height: int = 220) -> str:
    """Upright bars side by side, such as a histogram."""
    most = max((bar.value for bar in bars), default=0) or 1
    step = WIDTH / max(1, len(bars))
    width = min(step * 0.86, 64)
    floor = height - _AXIS
    parts = []
    for place, bar in enumerate(bars):
        tall = (floor - 22) * bar.value / most
        left, middle = place * step + (step - width) / 2, place * step + step / 2
        parts.append(
            f'<rect class="bar" x="{left:.1f}" y="{floor - tall:.1f}" width="{width:.1f}" height="{tall:.1f}" rx="2"/>'
            f'<text class="end" x="{middle:.1f}" y="{floor - tall - 6:.1f}" text-anchor="middle">'
            f"{escape(bar.says)}</text>"
            f'<text class="tick" x="{middle:.1f}" y="{height - 7}" text-anchor="middle">{escape(bar.label)}</text>'
        )
    base = f'<line class="axis" x1="0" y1="{floor}" x2="{WIDTH}" y2="{floor}"/>'
    return _figure("".join(parts) + base, bars, title=title, axis=axis, height=height)


def rows(bars: Sequence[Bar], *, title: str, axis: str, most: float | None = None) -> str:
    """Bars one below the other, such as shares of groups."""
    most = most or max((bar.value for bar in bars), default=0) or 1
    label, end, row = 150, 100, 28
    room = WIDTH - label - end
    parts = []
    for place, bar in enumerate(bars):
        top = place * row
        long = max(0.0, room * min(1.0, bar.value / most))
        parts.append(
            f'<text class="tick" x="{label - 10}" y="{top + 18}" text-anchor="end">{escape(_short(bar.label))}</text>'
            f'<rect class="track" x="{label}" y="{top + 5}" width="{room}" height="18" rx="3"/>'
            f'<rect class="bar" x="{label}" y="{top + 5}" width="{long:.1f}" height="18" rx="3"/>'
            f'<text class="end" x="{label + room + 8}" y="{top + 18}">{escape(bar.says)}</text>'
        )
    return _figure("".join(parts), bars, title=title, axis=axis, height=len(bars) * row)


def beside(pairs: Sequence[tuple[Bar, Bar]], *, names: tuple[str, str], title: str) -> str:
    """For each figure two bars, each figure on a scale of its own."""
    label, end, row = 150, 90, 54
    room = WIDTH - label - end
    parts = []
    for place, both in enumerate(pairs):
        most, top = max(bar.value for bar in both) or 1, place * row
        parts.append(
            f'<text class="tick" x="{label - 10}" y="{top + 28}" text-anchor="end">{escape(both[0].label)}</text>'
        )
        for line, (bar, kind) in enumerate(zip(both, ("bar", "other"), strict=True)):
            long = max(1.0, room * bar.value / most)
            y = top + 4 + 20 * line
            parts.append(
                f'<rect class="{kind}" x="{label}" y="{y}" width="{long:.1f}" height="16" rx="3"/>'
                f'<text class="end" x="{label + long + 8:.1f}" y="{y + 13}">{escape(bar.says)}</text>'
            )
    flat = [
        Bar(f"{bar.label}, {name}", bar.value, bar.says)
        for both in pairs
        for bar, name in zip(both, names, strict=True)
    ]
    return _figure("".join(parts), flat, title=title, axis="figure", height=len(pairs) * row)


def _figure(body: str, bars: Sequence[Bar], *, title: str, axis: str, height: int) -> str:
    """The plot, and the same as a table for whoever would rather read it."""
    cells = "".join(f"<tr><th scope='row'>{escape(bar.label)}</th><td>{escape(bar.says)}</td></tr>" for bar in bars)
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}" '
        f'preserveAspectRatio="xMidYMid meet">{body}</svg>'
        f"<details><summary>As a table</summary><table><caption>{escape(title)}</caption>"
        f"<thead><tr><th scope='col'>{escape(axis)}</th><th scope='col'>value</th></tr></thead>"
        f"<tbody>{cells}</tbody></table></details></figure>"
    )


def _short(label: str, most: int = 19) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
