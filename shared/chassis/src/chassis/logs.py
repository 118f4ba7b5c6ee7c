"""Logs: one JSON object per line on stdout, with the ids of the trace it belongs to, and no personal data.

An exception is logged as its class and the places it passed, never as its text: that may quote what somebody wrote.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor

_FRAMES = 12


class _Stdout:
    """Writes to whatever stdout is at that moment."""

    def msg(self, line: str) -> None:
        sys.stdout.write(line + "\n")

    log = debug = info = warn = warning = error = critical = exception = fatal = msg


def configure(service: str, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records through one pipeline; calling it again changes nothing."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service),
        with_trace,
        without_texts,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Stdout(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_CurrentStdout())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared, _first_line],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.set_name("chassis")
    root = logging.getLogger()
    root.handlers = [kept for kept in root.handlers if kept.get_name() != "chassis"] + [handler]
    root.setLevel(level)
    _quieten()


def _quieten() -> None:
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # Every request has a line of ours, by route and with its trace; a URL may hold what nobody should log.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("httpx", "httpcore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _named(service: str) -> Processor:
    def add(_: Any, __: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return add


def with_trace(_: Any, __: str, event: EventDict) -> EventDict:
    """Add the ids of the current span, where there is one."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event.setdefault("trace_id", f"{span.trace_id:032x}")
        event.setdefault("span_id", f"{span.span_id:016x}")
    return event


def without_texts(_: Any, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its class and where it came from."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = class_name(info[0])
        event["at"] = _places(info[2])
        if cause := info[1].__cause__ or info[1].__context__:
            event["cause"] = class_name(type(cause))
    return event


def class_name(kind: type[BaseException]) -> str:
    """The exception's class with its module."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _places(tb: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(tb)[-_FRAMES:]
    return [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames]


def _first_line(_: Any, __: str, event: EventDict) -> EventDict:
    # asyncio quotes whole exceptions below its first line.
    event["event"] = str(event.get("event", "")).partition("\n")[0][:500]
    return event


class _CurrentStdout:
    def write(self, line: str) -> int:
        return sys.stdout.write(line)

    def flush(self) -> None:
        sys.stdout.flush()
