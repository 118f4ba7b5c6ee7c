"""Who is told what, on which channel, and what becomes of it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from contracts.event import Event
from contracts.matching import EmployeeDeparted, MatchAccepted, MatchDeclined, MatchEnded, MatchExpired, MatchReminded
from contracts.sessions import RelationshipClosed, SessionCancelled, SessionRescheduled
from tests.builders import match_activated, match_proposed, pair
from tests.notifications.here import Here, become, relationship_opened, session_scheduled
from tests.notifications.sink import Sink, body_of, event_of


async def test_an_offer_reaches_everybody_in_the_app_and_by_mail_in_their_own_time_zone(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    await here.hear(match_proposed(respond_by=datetime(2030, 3, 4, 22, 30, tzinfo=UTC)))
    await here.send_all()
    (to_mona,), (to_ken,) = sink.to("mona@example.com"), sink.to("ken@example.com")
    assert to_mona["Subject"] == "A mentorship offer: Ken Mentee"
    assert "Monday, March 4, 2030, 11:30 PM (Central European Standard Time)" in body_of(to_mona)
    assert "Tuesday, March 5, 2030, 7:30 AM (Japan Standard Time)" in body_of(to_ken)
    (shown,) = await here.inbox("E-mentee")
    assert shown["subject"] == "A mentorship offer: Mona Mentor"
    assert shown["about"]["kind"] == "match"


async def test_each_message_is_said_to_be_sent_once_with_ids_only(here: Here) -> None:
    await here.know_the_pair()
    await here.hear(match_proposed())
    await here.send_all()
    said = await here.said()
    assert sorted((one["event"], one["employee_id"], one["channel"]) for one in said) == [
        ("sent", "E-mentee", "email"),
        ("sent", "E-mentee", "in_app"),
        ("sent", "E-mentor", "email"),
        ("sent", "E-mentor", "in_app"),
    ]
    assert "Mona" not in str(said)
    assert "example.com" not in str(said)


async def test_the_same_event_again_sends_nothing_more(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    event = match_proposed()
    await here.hear(event, event_id="same")
    await here.hear(event, event_id="same")
    await here.send_all()
    assert len(sink.mails) == 2
    assert len(await here.message_ids()) == 4


async def test_who_has_accepted_is_not_reminded(here: Here) -> None:
    await here.know_the_pair()
    offer = match_proposed()
    await here.hear(offer)
    accepted = offer.model_dump() | {"outstanding": ("E-mentee",)}
    await here.hear(MatchAccepted.model_validate(accepted | {"accepted_by": "E-mentor"}), 2)
    await here.hear(MatchReminded.model_validate(accepted), 3)
    reminded = [one for one in await here.messages() if one[1] == "offer_reminder"]
    assert reminded == [("E-mentee", "offer_reminder", "pending", None)]


async def test_the_other_side_hears_of_a_decline_and_not_who_declined_or_why(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    offer = match_proposed()
    await here.hear(offer)
    await here.send_all()
    declined = offer.model_dump() | {"status": "declined", "declined_by": "E-mentor", "reason": "not_a_fit"}
    await here.hear(MatchDeclined.model_validate(declined), 2)
    await here.send_all()
    *_, last = sink.to("ken@example.com")
    assert last["Subject"] == "This mentorship will not take place"
    assert len(sink.to("mona@example.com")) == 1
    assert "fit" not in body_of(last)


async def test_who_accepted_in_vain_hears_that_the_offer_has_lapsed(here: Here) -> None:
    await here.know_the_pair()
    offer = match_proposed()
    await here.hear(offer)
    expired = offer.model_dump() | {"status": "expired", "outstanding": ("E-mentee",)}
    await here.hear(MatchExpired.model_validate(expired), 2)
    assert [one for one in await here.messages() if one[1] == "offer_expired"] == [
        ("E-mentor", "offer_expired", "pending", None)
    ]


async def test_an_offer_that_is_taken_back_is_told_but_the_end_of_an_active_match_is_not(here: Here) -> None:
    await here.know_the_pair()
    offer, active = match_proposed(), match_activated()
    await here.hear(offer)
    await here.hear(active, 3)
    for match in (offer, active):
        await here.hear(MatchEnded.model_validate(match.model_dump() | {"status": "ended"}), 4)
    withdrawn = await here.sql("SELECT facts FROM message WHERE kind = 'offer_withdrawn'")
    assert {row.facts["match_id"] for row in withdrawn} == {str(offer.match_id)}


async def test_an_activated_match_stands_in_the_app_and_the_mail_is_left_to_the_relationship(
    here: Here, sink: Sink
) -> None:
    await here.know_the_pair()
    await here.hear(match_activated(), 3)
    await here.hear(relationship_opened())
    await here.send_all()
    assert [mail["Subject"] for mail in sink.to("ken@example.com")] == ["Your mentorship with Mona Mentor has begun"]
    assert [one["kind"] for one in await here.inbox("E-mentee")] == ["relationship_opened", "match_activated"]


async def test_the_end_of_a_relationship_gives_no_reason(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    opened = relationship_opened()
    await here.hear(opened)
    closed = opened.model_dump() | {"status": "closed", "reason": "not_a_fit"}
    await here.hear(RelationshipClosed.model_validate(closed), 2)
    await here.send_all()
    subjects = [mail["Subject"] for mail in sink.to("ken@example.com")]
    assert subjects == ["Your mentorship with Mona Mentor has ended"]  # that it had begun is stale by now
    assert "fit" not in body_of(sink.to("ken@example.com")[0])


async def test_an_offer_that_was_answered_before_its_mail_went_out_is_not_sent(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    offer = match_proposed()
    await here.hear(offer)
    await here.hear(match_activated(match_id=offer.match_id), 3)
    await here.send_all()
    assert sink.mails == []
    stale = [one for one in await here.said() if one["event"] == "suppressed"]
    assert {(one["kind"], one["reason"]) for one in stale} == {("offer_received", "stale")}


async def test_an_older_fact_after_a_newer_one_sends_nothing(here: Here) -> None:
    await here.know_the_pair()
    offer = match_proposed()
    await here.hear(match_activated(match_id=offer.match_id), 3)
    await here.hear(offer, 1)
    assert await here.messages() == [
        ("E-mentee", "offer_received", "suppressed", "stale"),
        ("E-mentor", "offer_received", "suppressed", "stale"),
    ]
    assert [one["kind"] for one in await here.inbox("E-mentor")] == ["match_activated"]


async def test_a_session_is_an_invitation_for_both_with_the_platform_as_organizer(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    session = session_scheduled(starts_at=datetime(2030, 7, 1, 8, tzinfo=UTC), timezone="Europe/Berlin")
    await here.hear(session)
    await here.send_all()
    for address in ("mona@example.com", "ken@example.com"):
        event = event_of(sink.to(address)[0])
        assert event["UID"] == str(session.session_id)
        assert event["SEQUENCE"] == 0
        assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
        assert event.start == datetime(2030, 7, 1, 8, tzinfo=UTC)
        assert event.end == datetime(2030, 7, 1, 9, tzinfo=UTC)
        assert event["ORGANIZER"] == "mailto:mentorship@company.example"
        assert {str(one) for one in event["ATTENDEE"]} == {"mailto:mona@example.com", "mailto:ken@example.com"}
    assert "5:00 PM (Japan Standard Time)" in body_of(sink.to("ken@example.com")[0])


async def test_a_move_and_a_cancellation_carry_the_same_uid_and_a_higher_sequence(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    session = session_scheduled()
    await here.hear(session)
    await here.send_all()
    later = session.starts_at + timedelta(days=1)
    await here.hear(become(SessionRescheduled, session, starts_at=later, calendar_sequence=1), 2)
    await here.send_all()
    cancelled = become(SessionCancelled, session, status="cancelled", calendar_sequence=2, reason="by_member")
    await here.hear(cancelled, 3)
    await here.send_all()
    mails = sink.to("ken@example.com")
    assert [event_of(mail)["SEQUENCE"] for mail in mails] == [0, 1, 2]
    assert {str(event_of(mail)["UID"]) for mail in mails} == {str(session.session_id)}
    assert [str(event_of(mail)["STATUS"]) for mail in mails] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    methods = [next(part.get_param("method") for part in mail.walk() if part.get_param("method")) for mail in mails]
    assert methods == ["REQUEST", "REQUEST", "CANCEL"]


async def test_a_session_that_moved_before_its_mail_went_out_is_announced_once(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    session = session_scheduled()
    await here.hear(session)
    await here.hear(become(SessionRescheduled, session, calendar_sequence=1), 2)
    await here.send_all()
    assert [event_of(mail)["SEQUENCE"] for mail in sink.to("ken@example.com")] == [1]


async def test_a_leaver_gets_no_further_mail_and_the_other_side_does(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    session = session_scheduled()
    await here.hear(session)
    await here.depart("E-mentor")
    gone = become(SessionCancelled, session, status="cancelled", calendar_sequence=1, reason="member_departed")
    await here.hear(gone, 2)
    await here.send_all()
    assert sink.to("mona@example.com") == []
    (mail,) = sink.to("ken@example.com")
    attendees = event_of(mail)["ATTENDEE"]
    assert [str(one) for one in (attendees if isinstance(attendees, list) else [attendees])] == [
        "mailto:ken@example.com"
    ]
    assert ("E-mentor", "session_cancelled", "suppressed", "departed") in await here.messages()


async def test_news_of_a_departure_waits_until_we_know_who_left(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    session = session_scheduled()
    gone = become(SessionCancelled, session, status="cancelled", calendar_sequence=1, reason="member_departed")
    await here.hear(gone, 2)
    await here.send_all()
    assert sink.mails == []
    await here.depart("E-mentor")
    await here.due_now()
    await here.send_all()
    assert [envelope.rcpt_tos for envelope in sink.envelopes] == [["ken@example.com"]]


async def test_somebody_who_comes_back_gets_mail_again(here: Here, sink: Sink) -> None:
    await here.know_the_pair()
    await here.depart("E-mentor", 2)
    await here.arrive("E-mentor", 3)
    await here.depart("E-mentor", 2)
    await here.hear(match_proposed(pair()))
    await here.send_all()
    assert len(sink.to("mona@example.com")) == 1


async def test_in_whatever_order_a_departure_comes_the_leaver_hears_nothing_of_it_and_the_other_once(
    here: Here, sink: Sink
) -> None:
    for number, order in enumerate(permutations(range(4))):
        leaver, other = f"L{number}", f"O{number}"
        await here.know(leaver, other)
        session = session_scheduled(members=(leaver, other), organizer_id=leaver)
        opened = relationship_opened(members=pair(leaver, other))
        gone = {"status": "cancelled", "calendar_sequence": 1, "reason": "member_departed"}
        closed = opened.model_dump() | {"status": "closed", "reason": "member_departed"}
        events: list[tuple[Event, int]] = [
            (EmployeeDeparted(employee_id=leaver), 2),
            (session, 1),
            (become(SessionCancelled, session, **gone), 2),
            (RelationshipClosed.model_validate(closed), 2),
        ]
        for index in order:
            await here.hear(*events[index])
            await here.send_all()
        await here.due_now()
        await here.send_all()
        subjects = [mail["Subject"] for mail in sink.to(f"{leaver.lower()}@example.com")]
        assert not [subject for subject in subjects if not subject.startswith("Mentorship session")], order
        told = [mail["Subject"].partition(":")[0] for mail in sink.to(f"{other.lower()}@example.com")]
        assert told.count("Cancelled") == 1, order
        assert len([subject for subject in told if subject.endswith("has ended")]) == 1, order


async def test_what_becomes_of_a_message_names_the_event_that_called_for_it(here: Here) -> None:
    await here.know_the_pair()
    await here.hear(match_proposed(pair()), event_id="offer")
    assert [row.cause for row in await here.sql("SELECT cause FROM outbox")] == ["/test/offer"] * 2
