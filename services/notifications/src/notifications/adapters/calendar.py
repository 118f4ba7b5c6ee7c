"""Calendar entries as iTIP has them (RFC 5546): a REQUEST to plan or move a session, a CANCEL to take it away."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress
from icalendar.parser import Parameters

from contracts.sessions import SessionState
from notifications.adapters.words import Words, one_line
from notifications.domain.people import Person

PRODUCT = "-//Mentorship//Notifications//EN"


class _Quoted(Parameters):
    """Parameters whose names are always in quotes: unquoted, a name that ends in a backslash swallows what follows."""

    always_quoted = (*Parameters.always_quoted, "CN")  # type: ignore[assignment]  # a tuple of exactly nine there


def entry(session: SessionState, attendees: Sequence[Person], organizer: str, words: Words, stamp: datetime) -> bytes:
    """The calendar file of a session for its members.

    The platform's own address is the organizer, not one of the members: it is who sends the REQUEST and
    may therefore move and cancel, and both members' calendars take it alike. Nobody is asked to reply.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method(session))
    zone = _zone(session)
    if zone is not None:
        calendar.add_component(zone)
    calendar.add_component(_event(session, attendees, organizer, words, stamp))
    return bytes(calendar.to_ical())


def method(session: SessionState) -> str:
    """What calendars are to do with the entry."""
    return "CANCEL" if session.status == "cancelled" else "REQUEST"


def _event(session: SessionState, attendees: Sequence[Person], organizer: str, words: Words, stamp: datetime) -> Event:
    event = Event()
    starts_at, ends_at = _times(session)
    event.add("uid", str(session.session_id))
    event.add("sequence", session.calendar_sequence)
    event.add("dtstamp", stamp)
    event.add("dtstart", starts_at)
    event.add("dtend", ends_at)
    event.add("status", "CANCELLED" if session.status == "cancelled" else "CONFIRMED")
    event.add("summary", one_line(words.subject))
    event.add("description", one_line(words.text))
    event.add("organizer", _address(organizer, None))
    for person in attendees:
        event.add("attendee", _attendee(person, accepted=person.employee_id == session.organizer_id))
    return event


def _times(session: SessionState) -> tuple[datetime, datetime]:
    """Start and end on the session's clock, or in UTC where that clock shows one of them twice.

    When the clocks go back, 02:30 comes twice, and a calendar takes it for the first one.
    """
    zone = ZoneInfo(session.timezone)
    times = session.starts_at, session.starts_at + timedelta(minutes=session.duration_minutes)
    start, end = (at.astimezone(zone) for at in times)
    return times if start.fold or end.fold else (start, end)


def _attendee(person: Person, *, accepted: bool) -> vCalAddress:
    address = _address(person.email or "", person.name)
    address.params |= {
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "ACCEPTED" if accepted else "NEEDS-ACTION",
        "RSVP": "FALSE",
    }
    return address


def _address(email: str, name: str | None) -> vCalAddress:
    address = vCalAddress(f"mailto:{quote(email, safe='@+!$*-._~')}")
    address.params = _Quoted()
    # RFC 5545 knows no backslash escapes in parameters, but common parsers read them: such a name is left out.
    if name and "\\" not in name:
        address.params["CN"] = one_line(name)
    return address


def _zone(session: SessionState) -> Timezone | None:
    """The rules of the session's time zone for the years around it, for calendars that do not know its name."""
    zone = _times(session)[0].tzinfo
    if not isinstance(zone, ZoneInfo) or session.timezone in {"UTC", "Etc/UTC"}:
        return None
    year = session.starts_at.year
    first, last = datetime(year - 1, 1, 1).date(), datetime(year + 2, 1, 1).date()  # noqa: DTZ001  # days, not instants
    return Timezone.from_tzinfo(zone, session.timezone, first_date=first, last_date=last)
