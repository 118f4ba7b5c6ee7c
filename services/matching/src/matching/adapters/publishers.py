"""Which publisher may speak as which source: what the topology declares, rendered into a file for this service."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from chassis.cloudevents import CloudEvent

log = structlog.get_logger()

FOREIGN = frozenset({"undeclared_source", "foreign_type"})
"""Classes of reason for which a message of a stream is refused here."""

_OWN = "/mentorship/matching"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Why a caller may not publish an event: a class of reason, and the attribute that is to blame."""

    reason: str
    field: str
    detail: str

    @property
    def error(self) -> dict[str, str]:
        """The same as one entry of a problem's errors."""
        return {"pointer": self.field, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class _Declared:
    source: str
    caller: str
    subjects: tuple[str, ...]

    def may(self, subject: str) -> bool:
        return any(_fits(pattern, subject) for pattern in self.subjects)


class Publishers:
    """The declared publishers. The file is read anew when it is another one; without one each has its own name."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._declared: tuple[_Declared, ...] = ()
        if path is None:
            log.warning("publishers_undeclared")
        else:
            self._declared, self._stamp = _read(path), _stamp(path)

    def why_not(self, caller: str, source: str, type_: str) -> Foreign | None:
        """Why the subject of a token may not publish events of this source and type; None if it may."""
        if self._path is None:
            declared: Sequence[_Declared] = [_Declared(f"/{caller}", caller, ("hr.employee.>",))]
        else:
            declared = [one for one in self._now() if one.caller == caller]
        if not declared:
            return Foreign("undeclared_publisher", "/source", "The topology declares no publisher for this caller.")
        as_source = [one for one in declared if one.source == source]
        if not as_source:
            own = ", ".join(sorted(one.source for one in declared))
            return Foreign("foreign_source", "/source", f"This caller publishes as {own}.")
        if not any(one.may(type_) for one in as_source):
            return Foreign("foreign_type", "/type", "This caller may publish other types only.")
        return None

    def why_undeclared(self, source: str, type_: str) -> str | None:
        """The class of reason for which nobody at all may publish this source and type; None if somebody may.

        NATS does not tell who published a message, so which of the publishers it was remains unknown.
        """
        if self._path is None:
            return None
        if source == _OWN:  # `mentorship directory republish` says anew who was erased
            return None if type_ == "hr.employee.erased.v1" else "foreign_type"
        as_source = [one for one in self._now() if one.source == source]
        if not as_source:
            return "undeclared_source"
        return None if any(one.may(type_) for one in as_source) else "foreign_type"

    def why_not_taken(self, event: CloudEvent) -> str | None:
        """The same of an event from the stream."""
        return self.why_undeclared(event.source, event.type)

    def _now(self) -> tuple[_Declared, ...]:
        try:
            if self._path is not None and (stamp := _stamp(self._path)) != self._stamp:
                self._declared, self._stamp = _read(self._path), stamp
        except (OSError, ValueError) as error:
            # What was declared holds on: a file that is just being replaced must lock nobody out.
            log.warning("publishers_unreadable", reason=type(error).__name__)
        return self._declared


def _stamp(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size


def _read(path: Path) -> tuple[_Declared, ...]:
    content: Any = json.loads(path.read_text())
    try:
        return tuple(_Declared(one["source"], one["caller"], tuple(one["subjects"])) for one in content.values())
    except (AttributeError, KeyError, TypeError):
        raise ValueError(f"{path} declares no publishers") from None


def _fits(pattern: str, subject: str) -> bool:
    """Whether a subject falls under a pattern of NATS: `*` is one token, `>` all that follow."""
    parts = [{"*": r"[^.]+", ">": ".+"}.get(token, re.escape(token)) for token in pattern.split(".")]
    return re.fullmatch(r"\.".join(parts), subject) is not None
