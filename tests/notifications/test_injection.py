"""No name can say anything in a mail or a calendar but itself; names are what HR may send, and worse."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.adapters.letters import Letters
from notifications.adapters.words import Writer, one_line
from notifications.domain.kinds import Kind
from notifications.domain.messages import Message
from notifications.domain.people import Person
from notifications.domain.unsubscribing import Signer
from tests.notifications.here import FROM, session_scheduled
from tests.notifications.sink import body_of, calendar_of, event_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LETTERS = Letters(Writer(), FROM, "https://mentorship.example", Signer(b"k" * 32))
SESSION = session_scheduled(members=("E1", "E2"), organizer_id="E1", starts_at=datetime(2030, 2, 1, tzinfo=UTC))

# A loaded machine is slow, not wrong.
unhurried = settings(deadline=None, max_examples=60)
names = st.text(min_size=1, max_size=200)
attacks = st.sampled_from(
    [
        "Bob\r\nBcc: all@example.com",
        "Bob\n\nEvil body",
        "Bob <b@evil.example>, Eve",
        '"Bob" <b@evil.example>',
        "=?utf-8?q?=0D=0ABcc=3A_all=40example=2Ecom?=",
        "Bob\r\nATTENDEE:mailto:eve@example.com",
        "Bob\\nATTENDEE:mailto:eve@example.com",
        'Bob";RSVP=TRUE:mailto:eve@example.com',
        "END:VEVENT",
        "Bob\\",
        "a^nb^'c",
        "{{ 7 * 7 }}",
        "{% include 'layout.html' %}",
        "<script>alert(1)</script>",
        "</p><img src=x onerror=alert(1)>",
        "Bob\u2028Bcc: x@example.com",
        "Bob\x85Bcc: x@example.com",
        "\ud800lone",
        "Bob\x00",
    ]
)


class _Text(HTMLParser):
    """What a browser would show, and which tags it would see."""

    def __init__(self) -> None:
        super().__init__()
        self.shown, self.tags = "", set[str]()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  # HTMLParser's signature
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.shown += data


def _mail(kind: Kind, name: str) -> EmailMessage:
    people = {"E1": Person("E1", name, "one@example.com"), "E2": Person("E2", "Ken Mentee", "two@example.com")}
    message = Message(UUID(int=1), UUID(int=2), "E2", kind, "email", SESSION, NOW)
    raw = LETTERS.compose(message, people["E2"], people, NOW).to_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    return message_from_bytes(raw, policy=policy.default)


def _to(name: str) -> EmailMessage:
    reader = Person("E1", name, "one@example.com")
    message = Message(UUID(int=1), UUID(int=2), "E1", Kind.SESSION_REMINDER, "email", SESSION, NOW)
    raw = LETTERS.compose(message, reader, {"E1": reader}, NOW).to_bytes()
    return message_from_bytes(raw, policy=policy.default)


_HEADERS = {"Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "Content-Type", "MIME-Version"}
_UNSUBSCRIBE = {"List-Unsubscribe", "List-Unsubscribe-Post"}


@unhurried
@given(names | attacks)
def test_a_name_in_the_subject_is_read_back_as_it_is_and_adds_no_header(name: str) -> None:
    mail = _mail(Kind.SESSION_REMINDER, name)
    assert mail["Subject"] == f"Reminder: mentorship session with {one_line(name)}"
    assert set(mail.keys()) == _HEADERS | _UNSUBSCRIBE
    assert mail["To"].addresses[0].addr_spec == "two@example.com"


@unhurried
@given(names | attacks)
def test_a_recipient_is_one_address_under_their_own_name_or_none(name: str) -> None:
    mail = _to(name)
    (address,) = mail["To"].addresses
    assert address.addr_spec == "one@example.com"
    assert address.display_name in {" ".join(one_line(name).split()), ""}
    assert set(mail.keys()) == _HEADERS | _UNSUBSCRIBE


@unhurried
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzäöüß-'.", min_size=1, max_size=20))
def test_an_ordinary_name_stands_in_the_address(name: str) -> None:
    assert _to(name)["To"].addresses[0].display_name == name


@unhurried
@given(names | attacks)
def test_a_name_in_the_text_changes_no_other_line(name: str) -> None:
    lines = body_of(_mail(Kind.SESSION_SCHEDULED, name)).splitlines()
    plain = body_of(_mail(Kind.SESSION_SCHEDULED, "Bob")).splitlines()
    shown = body_of(_mail(Kind.SESSION_SCHEDULED, name)).replace("\r\n", "\n")
    assert f"{one_line(name)} has planned a mentorship session with you." in shown
    assert (lines[0], lines[-1]) == (plain[0], plain[-1])
    assert shown.count("\n") == len(plain)


@unhurried
@given(names | attacks)
def test_a_name_in_html_is_text(name: str) -> None:
    html = body_of(_mail(Kind.SESSION_SCHEDULED, name), "html")
    reader = _Text()
    reader.feed(html)
    assert reader.tags == {"html", "head", "meta", "title", "body", "p"}
    assert f"{one_line(name)} has planned".strip() in reader.shown


@unhurried
@given(names | attacks)
@example("\\\\,;")
def test_a_name_in_a_calendar_is_read_back_as_it_is_and_adds_nothing(name: str) -> None:
    mail = _mail(Kind.SESSION_SCHEDULED, name)
    calendar, event = calendar_of(mail), event_of(mail)
    assert str(event["SUMMARY"]) == f"Mentorship session: {one_line(name)} and Ken Mentee"
    assert {str(one) for one in event["ATTENDEE"]} == {"mailto:one@example.com", "mailto:two@example.com"}
    one = next(one for one in event["ATTENDEE"] if "one@" in one)
    assert one.params.get("CN", one_line(name)) == one_line(name)
    assert ("CN" in one.params) == ("\\" not in name)
    assert set(one.params) <= {"CN", "PARTSTAT", "ROLE", "RSVP"}
    assert [component.name for component in calendar.subcomponents] == ["VTIMEZONE", "VEVENT"]
    assert set(event) == {
        "UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "STATUS", "SUMMARY", "DESCRIPTION", "ORGANIZER", "ATTENDEE",
    }  # fmt: skip
