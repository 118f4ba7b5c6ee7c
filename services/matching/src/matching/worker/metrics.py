"""What a worker shows of itself: that it lives, and how long its attempts at runs take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from chassis.telemetry import meter, observe

_duration = meter.create_histogram("mentorship.worker.attempt.duration", "s", "Attempts at a run, however they ended")


class _Life:
    beaten_at = time.monotonic()
    busy_since: float | None = None


def beat() -> None:
    """The worker's loop has gone round once more."""
    _Life.beaten_at = time.monotonic()


@contextmanager
def attempt() -> Iterator[None]:
    """Measure one attempt at a run until the end of the block."""
    _Life.busy_since = time.monotonic()
    try:
        yield
    finally:
        _duration.record(time.monotonic() - _Life.busy_since)
        _Life.busy_since = None


def _busy() -> float:
    return 0.0 if _Life.busy_since is None else time.monotonic() - _Life.busy_since


observe(
    "mentorship.worker.beat_age",
    lambda: [(time.monotonic() - _Life.beaten_at, {})],
    unit="s",
    description="Since the worker's loop went round",
)
observe("mentorship.worker.busy", lambda: [(_busy(), {})], unit="s", description="Since it took the run it works on")
