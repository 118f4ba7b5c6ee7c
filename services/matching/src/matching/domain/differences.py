"""Two reports side by side: what changes from one run to the other."""

from collections.abc import Mapping
from typing import Any


def difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Both reports' single figures side by side, with what changes from the first to the second."""
    figures = {name: (value, _figures(second).get(name)) for name, value in _figures(first).items()}
    return {
        name: {"first": one, "second": other, "change": round(other - one, 4)}
        for name, (one, other) in figures.items()
        if other is not None
    }


def _figures(report: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in report.items():
        if isinstance(value, Mapping):
            found |= _figures(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = value
    return found
