"""Wall-clock times: which instant a local time in an IANA zone is, if it is exactly one."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sessions.domain.refusal import Refused

Occurrence = Literal["first", "second"]
"""Which of the two instants is meant when clocks go back and a local time happens twice."""

_EARLIEST = datetime(1971, 1, 1)  # noqa: DTZ001 - a bound for wall-clock times, which have no zone of their own
_LATEST = datetime(9000, 1, 1)  # noqa: DTZ001


def instant_of(local: datetime, zone: str, occurrence: Occurrence | None = None) -> datetime:
    """The UTC instant at which the wall clocks of `zone` show `local` (naive); refused where there is none or two."""
    if local.tzinfo is not None:
        raise ValueError("a local time has no offset")
    if not _EARLIEST <= local < _LATEST:
        raise Refused("local_time_out_of_range", f"{_shown(local)} is outside the years 1971 to 8999")
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if wall_time(first, zone) != local:
        raise _skipped(local, zone, first, second)
    if occurrence is None:
        raise Refused(
            "local_time_ambiguous",
            f"{_shown(local)} happens twice in {zone}: first at {_shown(first)}, again at {_shown(second)}; "
            "say which with `occurrence`: first or second",
        )
    return first if occurrence == "first" else second


def wall_time(instant: datetime, zone: str) -> datetime:
    """What the wall clocks of `zone` show at `instant`, without an offset."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def _skipped(local: datetime, zone: str, first: datetime, second: datetime) -> Refused:
    # Read with the offset before the change, a skipped time lands after the gap, and the other way round.
    after, before = wall_time(first, zone), wall_time(second, zone)
    return Refused(
        "local_time_skipped",
        f"{_shown(local)} does not exist in {zone}: the clocks go {_minutes(first - second)} minutes forward then; "
        f"{_shown(before)} and {_shown(after)} exist",
    )


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z")
