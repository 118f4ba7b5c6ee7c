"""What the figures say of a programme whose whole history is known."""

from uuid import UUID, uuid4

import pytest

from analytics.adapters import db
from analytics.domain.cells import HIDDEN, Cell, Count
from analytics.domain.health import Health, Programme, health_of
from chassis.transaction import Database
from contracts import matching
from tests.analytics.history import OWNER, PROGRAMME, History, deliver


async def health(database: Database, history: History) -> Health:
    await deliver(database, history.heard)
    async with database.transaction() as tx:
        programme = await db.programme_of(tx, PROGRAMME)
        assert programme == Programme(PROGRAMME, "one_on_one", True, OWNER)
        return health_of(programme, await db.programme_counts(tx, PROGRAMME))


def names(prefix: str, number: int) -> list[str]:
    return [f"{prefix}{n:02}" for n in range(number)]


async def test_participants_are_counted_by_what_they_are(database: Database) -> None:
    history = History()
    history.open()
    history.hire(*names("T", 6), department="Sales", level=7)
    history.hire(*names("S", 9), department="Research", level=1)
    history.enrol(*names("T", 6), role="mentor")
    history.enrol(*names("S", 9))
    found = (await health(database, history)).participants
    assert (found.enrolled, found.withdrawn, found.mentors, found.mentees) == (Cell(15), Cell(0), Cell(6), Cell(9))
    assert found.departments == {"Research": Cell(9), "Sales": Cell(6)}
    assert found.levels == {"0-2": Cell(9), "6-8": Cell(6)}
    assert found.locations == {"Berlin": Cell(15)}


async def test_a_department_of_two_is_hidden_together_with_another(database: Database) -> None:
    history = History()
    history.open()
    for department, number in (("Legal", 2), ("Research", 9), ("Sales", 7)):
        history.hire(*names(department, number), department=department)
        history.enrol(*names(department, number))
    found = (await health(database, history)).participants
    assert found.departments == {"Legal": HIDDEN, "Research": HIDDEN, "Sales": Cell(7)}


async def test_who_is_not_in_the_directory_counts_under_no_name(database: Database) -> None:
    history = History()
    history.open()
    history.enrol(*names("S", 5))
    found = (await health(database, history)).participants
    assert (found.departments, found.levels) == ({"": Cell(5)}, {"": Cell(5)})


async def test_who_withdrew_and_who_are_peers_is_told(database: Database) -> None:
    history = History()
    history.open()
    history.enrol(*names("P", 12), role="peer")
    for person in names("P", 5):
        history.withdraw(person, role="peer")
    found = (await health(database, history)).participants
    assert (found.enrolled, found.withdrawn, found.peers) == (Cell(7), Cell(5), Cell(7))


@pytest.mark.parametrize(
    ("day", "week", "longer", "median"),
    [
        (6, 6, 0, "within_a_day"),
        (6, 7, 0, "within_a_week"),
        (5, 6, 12, "longer"),
        (6, 4, 0, None),  # the buckets are hidden
        (0, 0, 0, None),
    ],
)
def test_half_of_those_matched_have_waited_no_longer_than_the_median(
    day: int, week: int, longer: int, median: str | None
) -> None:
    waits = {"within_a_day": day, "within_a_week": week, "longer": longer}
    assert _of(time_to_match=waits).matching.median_time_to_match == median


def test_hours_and_the_quality_of_a_run_are_rounded() -> None:
    found = _of(sessions={"held": 10, "missed": 5}, minutes={"held": 500})
    assert found.sessions.hours_held == Cell(8.3)
    run = _of(run={"people": 20, "pairs": 10, "score": 2, "bound": 3})
    assert run.matching.last_run.quality == Cell(0.667)


def _of(**figures: dict[str, int]) -> Health:
    """The page of a programme of twenty people of which these figures are known, each about as many people."""
    counts = {figure: {name: Count(value, value) for name, value in cells.items()} for figure, cells in figures.items()}
    if "run" in counts:
        counts["run"] = {name: Count(count.value, 20) for name, count in counts["run"].items()}
    return health_of(Programme(PROGRAMME, "one_on_one", True, OWNER), counts | {"everybody": {"all": Count(20, 20)}})


async def test_matched_people_their_rate_and_their_wait(database: Database) -> None:
    history = History()
    history.open()
    history.enrol(*names("T", 6), role="mentor")
    history.enrol(*names("S", 6))
    history.enrol(*names("X", 5))
    history.enrol(*names("C", 5), arm="control")
    history.wait(hours=3)
    offers = [history.offer(mentor, mentee) for mentor, mentee in zip(names("T", 6), names("S", 6), strict=True)]
    history.wait(days=2)
    for offer in offers:
        history.activate(offer)
    for person in names("X", 5):
        place = {**history.place(person), "run_id": uuid4(), "reason": "all_full"}
        history.say(matching.ParticipantUnmatched.model_validate(place))
    found = (await health(database, history)).matching
    assert (found.matched, found.unmatched, found.held_out) == (Cell(12), Cell(5), Cell(5))
    assert found.match_rate == Cell(0.71)
    assert found.time_to_match["within_a_week"] == Cell(12)
    assert found.time_to_match["within_an_hour"] == Cell(0)
    assert found.median_time_to_match == "within_a_week"
    assert found.unmatched_reasons == {"no_candidates": Cell(0), "all_full": Cell(5), "below_floor": Cell(0)}


async def test_who_is_held_out_is_counted_apart_and_who_waits_not_at_all(database: Database) -> None:
    history = History()
    history.open()
    history.enrol(*names("S", 6))
    for person in names("H", 7):
        history.say(matching.ParticipantHeldOut.model_validate(history.place(person, arm="control")))
    for person in names("W", 9):
        history.say(matching.ParticipantWaitlisted.model_validate(history.place(person)))
    found = await health(database, history)
    assert (found.matching.unmatched, found.matching.held_out) == (Cell(6), Cell(7))
    assert found.participants.mentees == Cell(13)


async def test_offers_by_what_became_of_them(database: Database) -> None:
    history = History()
    history.open()
    history.enrol(*names("T", 12), role="mentor")
    history.enrol(*names("S", 12))
    pairs = zip(names("T", 12), names("S", 12), strict=True)
    offers = [history.offer(mentor, mentee) for mentor, mentee in pairs]
    for offer in offers[:3]:
        history.activate(offer)
    for offer in offers[3:6]:
        declined = {**offer, "status": "declined", "declined_by": offer["members"][0]["employee_id"]}
        history.say(matching.MatchDeclined.model_validate(declined))
    for offer in offers[6:9]:
        history.say(matching.MatchExpired.model_validate({**offer, "status": "expired"}))
    ended = {**offers[0], "status": "ended", "reason": "completed"}
    history.say(matching.MatchEnded.model_validate(ended))
    found = (await health(database, history)).offers
    assert (found.accepted, found.declined, found.expired, found.withdrawn) == (Cell(3), Cell(3), Cell(3), Cell(0))
    assert (found.open, found.acceptance_rate) == (Cell(3), Cell(0.33))


async def test_an_offer_that_only_one_pair_declined_is_hidden_and_cannot_be_computed(database: Database) -> None:
    history = History()
    history.open()
    history.enrol(*names("T", 7), role="mentor")
    history.enrol(*names("S", 7))
    for number, (mentor, mentee) in enumerate(zip(names("T", 7), names("S", 7), strict=True)):
        offer = history.offer(mentor, mentee)
        if number:
            history.activate(offer)
        else:
            history.say(matching.MatchDeclined.model_validate({**offer, "status": "declined", "declined_by": mentor}))
    found = (await health(database, history)).offers
    assert (found.accepted, found.declined, found.acceptance_rate) == (HIDDEN, HIDDEN, HIDDEN)


@pytest.mark.parametrize(
    ("people", "pairs", "shown"),
    [
        (40, 17, (Cell(40), Cell(17), Cell(0.95))),
        (40, 20, (Cell(40), Cell(20), Cell(0.95))),
        (40, 19, (Cell(40), HIDDEN, HIDDEN)),
        (4, 2, (HIDDEN, HIDDEN, HIDDEN)),
    ],
)
async def test_the_last_run_is_shown_unless_few_were_paired_or_left(
    database: Database, people: int, pairs: int, shown: tuple[Cell, ...]
) -> None:
    history = History()
    history.open()
    history.enrol(*names("S", 5))
    run = {"programme_id": PROGRAMME, "run_id": UUID(int=2), "status": "completed", "people": people, "pairs": pairs}
    older = {**run, "run_id": UUID(int=1), "people": 99}
    for said in ({**run, "total_score": 950 * pairs, "upper_bound": 1000 * pairs}, older):
        history.say(matching.RunCompleted.model_validate(said))
    found = (await health(database, history)).matching.last_run
    assert (found.people, found.pairs, found.quality) == shown


async def test_sessions_feedback_and_goals(database: Database) -> None:
    history = History()
    history.open()
    history.enrol(*names("T", 6), role="mentor")
    history.enrol(*names("S", 6))
    for number, (mentor, mentee) in enumerate(zip(names("T", 6), names("S", 6), strict=True)):
        relationship = history.activate(history.offer(mentor, mentee))
        session = history.meet(relationship, "held", minutes=90)
        if number % 2:
            history.meet(relationship, "missed")
        history.meet(relationship, "scheduled")
        history.rate(session, mentor, 5, fit=4)
        history.rate(session, mentee, 4 if number else 3)
        history.aim(relationship, mentee, 50, 100)
    found = await health(database, history)
    assert (found.sessions.held, found.sessions.missed, found.sessions.scheduled) == (Cell(6), Cell(3), Cell(6))
    assert (found.sessions.held_rate, found.sessions.hours_held) == (Cell(0.67), Cell(9.0))
    assert (found.sessions.relationships_open, found.sessions.relationships_closed) == (Cell(6), Cell(0))
    assert (found.sessions.goals_achieved, found.sessions.goals_under_way) == (Cell(6), Cell(0))
    assert (found.feedback.usefulness.answers, found.feedback.usefulness.average) == (Cell(12), Cell(4.4))
    assert (found.feedback.usefulness.high, found.feedback.usefulness.middle) == (HIDDEN, HIDDEN)
    assert (found.feedback.fit.average, found.feedback.fit.high) == (Cell(4.0), Cell(6))


async def test_of_a_programme_of_four_nothing_is_shown(database: Database) -> None:
    history = History()
    history.open()
    history.enrol("T1", "T2", role="mentor")
    history.enrol("S1", "S2")
    history.rate(history.meet(history.activate(history.offer("T1", "S1"))), "T1", 5)
    found = await health(database, history)
    cells = [
        *(found.participants.enrolled, found.participants.mentors, found.participants.withdrawn),
        *(found.matching.matched, found.matching.match_rate, *found.matching.time_to_match.values()),
        *(found.offers.accepted, found.offers.declined, found.offers.acceptance_rate),
        *(found.sessions.held, found.sessions.missed, found.sessions.hours_held, found.sessions.goals_achieved),
        *(found.feedback.usefulness.answers, found.feedback.usefulness.average, found.feedback.fit.low),
    ]
    assert {cell.value for cell in cells} == {None}
    assert found.participants.departments == {}
    assert found.matching.median_time_to_match is None


async def test_one_programmes_figures_hold_nothing_of_another(database: Database) -> None:
    other = History(programme=uuid4(), seed=1)
    other.open()
    other.enrol(*names("T", 9), role="mentor")
    history = History()
    history.open()
    history.enrol(*names("T", 5), role="mentor")
    await deliver(database, other.heard)
    assert (await health(database, history)).participants.enrolled == Cell(5)


async def test_somebody_who_enrolled_withdrew_and_enrolled_again_is_one_person(database: Database) -> None:
    history = History()
    history.open()
    history.enrol(*names("S", 5))
    history.withdraw("S00")
    history.enrol("S00")
    found = (await health(database, history)).participants
    assert (found.enrolled, found.withdrawn) == (Cell(5), Cell(0))
