"""The words of a message: Jinja templates in a folder per language, dates in the reader's own time zone and style."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from unicodedata import category
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta, get_timezone_name
from babel.lists import format_list
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from contracts.matching import MatchState
from contracts.sessions import SessionState
from notifications.domain.kinds import Kind
from notifications.domain.messages import Facts, people_in
from notifications.domain.people import Person

FOLDER = Path(__file__).resolve().parent.parent / "templates"
FALLBACK = "en"
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Words:
    """A message as its reader sees it."""

    subject: str
    paragraphs: tuple[str, ...]
    language: str = FALLBACK

    @property
    def text(self) -> str:
        """The body as plain text."""
        return "\n\n".join(self.paragraphs)


def one_line(value: str) -> str:
    """The same text without control characters, line breaks and lone surrogates: it may stand in a header."""
    return "".join(" " if category(character) in _BREAKING else character for character in value)


class Writer:
    """Writes messages from templates: `<language>/<kind>.txt` holds the subject line, then paragraphs."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.languages = frozenset(entry.name for entry in folder.iterdir() if entry.is_dir())
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            autoescape=lambda name: bool(name and name.endswith(".html")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def write(self, kind: Kind, facts: Facts, reader: Person, people: Mapping[str, Person], now: datetime) -> Words:
        """The words for `reader`; `people` are those the directory knows of the people in the facts."""
        language, locale = _languages(reader.language, self.languages)
        subject, *paragraphs = self._parts(f"{language}/{kind}.txt", _view(facts, reader, people, now, locale))
        return Words(subject, tuple(paragraphs), language)

    def page(self, words: Words, unsubscribe_url: str | None = None) -> str:
        """The same words as HTML."""
        return self._environment.get_template("layout.html").render(words=words, unsubscribe_url=unsubscribe_url)

    def unsubscribing(self, *, done: bool) -> str:
        """The page that asks whether to unsubscribe, or says that it is done."""
        return self._environment.get_template("unsubscribe.html").render(done=done)

    def write_calendar(self, session: SessionState, people: Mapping[str, Person]) -> Words:
        """The words of a calendar entry, the same for everybody in it."""
        names = [_name(people.get(person)) for person in session.members]
        view = {"everybody": _list(names, Locale(FALLBACK)), "organizer": _name(people.get(session.organizer_id))}
        summary, *paragraphs = self._parts(f"{FALLBACK}/calendar.txt", view)
        return Words(summary, tuple(paragraphs))

    def _parts(self, template: str, view: Mapping[str, object]) -> list[str]:
        said = self._environment.get_template(template).render(view)
        return [part.strip("\n").replace("\n", " ") for part in re.split(r"\n\s*\n", said.strip("\n"))]


@cache
def _languages(wanted: str, offered: frozenset[str]) -> tuple[str, Locale]:
    """The language of the templates and the locale of the dates; English where somebody's own is not offered."""
    try:
        locale = Locale.parse(wanted.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        locale = Locale(FALLBACK)
    if locale.language in offered:
        return locale.language, locale
    return FALLBACK, Locale(FALLBACK)


def _view(
    facts: Facts, reader: Person, people: Mapping[str, Person], now: datetime, locale: Locale
) -> dict[str, object]:
    others = [_name(people.get(person)) for person in people_in(facts) if person != reader.employee_id]
    view: dict[str, object] = {"reader": _name(reader), "others": _list(others, locale), "several": len(others) > 1}
    match facts:
        case MatchState():
            view["respond_by"] = _instant(facts.respond_by, reader.timezone, locale)
        case SessionState():
            view |= {
                "starts_at": _instant(facts.starts_at, reader.timezone, locale),
                "begins_in": format_timedelta(facts.starts_at - now, add_direction=True, locale=locale),
                "begun": facts.starts_at <= now,
                "duration": facts.duration_minutes,
                "organizer": _name(people.get(facts.organizer_id)),
                "by_reader": facts.organizer_id == reader.employee_id,
            }
        case _:
            pass
    return view | {"reason": getattr(facts, "reason", "unsaid")}


def _name(person: Person | None) -> str:
    return one_line(person.name) if person and person.name else "a colleague"


def _list(names: Sequence[str], locale: Locale) -> str:
    return format_list(names, locale=locale) if names else "a colleague"


def _instant(at: datetime, timezone: str, locale: Locale) -> str:
    """An instant on the reader's own clock, as `Tuesday, March 3, 2026, 10:00 AM (Central European Standard Time)`."""
    local = at.astimezone(ZoneInfo(timezone))
    day = format_date(local.date(), "full", locale=locale)
    # Babel puts a narrow no-break space before AM and PM, which many mail programs show as a box.
    clock = format_time(local.timetz(), "short", tzinfo=local.tzinfo, locale=locale).replace("\u202f", " ")
    return f"{day}, {clock} ({_zone_name(local, timezone, locale)})"


def _zone_name(local: datetime, timezone: str, locale: Locale) -> str:
    name = get_timezone_name(local, locale=locale)
    # Babel knows no name for some zones, India's among them; then the city says more than the bare offset.
    city = timezone.rpartition("/")[2].replace("_", " ")
    return f"{name}, {city}" if name.startswith("GMT") and "/" in timezone and "Etc/" not in timezone else name
