"""How a programme is doing, from counts alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from analytics.domain.cells import FEWEST, HIDDEN, NOTHING, Cell, Count, average, parted, rate, share, shown

Counts = Mapping[str, Mapping[str, Count]]
"""Counts by figure and cell, as the projections have them; what is not there is nothing."""

WAITS = ("within_an_hour", "within_a_day", "within_a_week", "within_30_days", "longer")
"""The fixed buckets of the time from the first enrolment to the first activated match."""
SCORES = ("low", "middle", "high")
"""The fixed buckets of scores: 1-2, 3, 4-5."""


_CELLS: Mapping[str, tuple[str, ...]] = {
    "enrolment": ("enrolled", "withdrawn"),
    "role": ("mentor", "mentee", "peer"),
    "matching": ("matched", "unmatched", "held_out"),
    "time_to_match": WAITS,
    "run": ("people", "pairs", "score", "bound"),
    "unmatched_reason": ("no_candidates", "all_full", "below_floor"),
    "offers": ("accepted", "declined", "expired", "withdrawn", "open"),
    "minutes": ("held",),
    "sessions": ("held", "missed", "cancelled", "scheduled"),
    "relationships": ("open", "closed"),
    "goals": ("under_way", "achieved"),
    "usefulness": SCORES,
    "fit": SCORES,
    "usefulness_total": ("points",),
    "fit_total": ("points",),
}
"""The cells of each figure; those of departments, locations and levels are whatever people have."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme as analytics knows it."""

    programme_id: UUID
    format: str
    open: bool
    owner_id: str | None


@dataclass(frozen=True, slots=True)
class Participation:
    """Who takes part. Department, location and level are of those enrolled; an empty name is an unknown one."""

    enrolled: Cell
    withdrawn: Cell
    mentors: Cell
    mentees: Cell
    peers: Cell
    departments: dict[str, Cell]
    locations: dict[str, Cell]
    levels: dict[str, Cell]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest completed run; `quality` is the pairs' total score over the most that any pairing could have had."""

    people: Cell
    pairs: Cell
    quality: Cell


@dataclass(frozen=True, slots=True)
class Matching:
    """Who of those enrolled has ever been in an activated match; `held_out` are the control arm."""

    matched: Cell
    unmatched: Cell
    held_out: Cell
    match_rate: Cell
    time_to_match: dict[str, Cell]
    median_time_to_match: str | None
    unmatched_reasons: dict[str, Cell]
    last_run: LastRun


@dataclass(frozen=True, slots=True)
class Offers:
    """What became of offers; `withdrawn` ended before everybody had answered."""

    accepted: Cell
    declined: Cell
    expired: Cell
    withdrawn: Cell
    open: Cell
    acceptance_rate: Cell


@dataclass(frozen=True, slots=True)
class Meetings:
    """Relationships, what they met for, and whether they did."""

    relationships_open: Cell
    relationships_closed: Cell
    held: Cell
    missed: Cell
    cancelled: Cell
    scheduled: Cell
    held_rate: Cell
    hours_held: Cell
    goals_under_way: Cell
    goals_achieved: Cell


@dataclass(frozen=True, slots=True)
class Scores:
    """Answers on a scale of 1 to 5."""

    answers: Cell
    average: Cell
    low: Cell
    middle: Cell
    high: Cell


@dataclass(frozen=True, slots=True)
class Feedback:
    """How useful sessions were, and how well the pair fits."""

    usefulness: Scores
    fit: Scores


@dataclass(frozen=True, slots=True)
class Health:
    """How a programme is doing. A cell without a value is about too few people, or would tell of one that is."""

    programme_id: UUID
    format: str
    open: bool
    participants: Participation
    matching: Matching
    offers: Offers
    sessions: Meetings
    feedback: Feedback


def health_of(programme: Programme, counts: Counts) -> Health:
    """The whole page; of a programme with fewer than five people in it nothing at all."""
    everybody = counts.get("everybody", {}).get("all", NOTHING)
    if everybody.people < FEWEST:
        # one person behind every figure hides every figure, empty ones too
        counts = {figure: dict.fromkeys(cells, Count(1, 1)) for figure, cells in _CELLS.items()}
    return Health(
        programme_id=programme.programme_id,
        format=programme.format,
        open=programme.open,
        participants=_participation(counts),
        matching=_matching(counts),
        offers=_offers(counts),
        sessions=_meetings(counts),
        feedback=Feedback(_scores(counts, "usefulness"), _scores(counts, "fit")),
    )


def _cells(counts: Counts, figure: str) -> dict[str, Count]:
    found = counts.get(figure, {})
    return {name: found.get(name, NOTHING) for name in _CELLS.get(figure) or sorted(found)}


def _participation(counts: Counts) -> Participation:
    enrolment = _cells(counts, "enrolment")
    roles = _cells(counts, "role")
    enrolled = enrolment["enrolled"]
    return Participation(
        enrolled=shown(enrolled),
        withdrawn=shown(enrolment["withdrawn"]),
        mentors=share(roles["mentor"], enrolled),
        mentees=share(roles["mentee"], enrolled),
        peers=share(roles["peer"], enrolled),
        departments=parted(_cells(counts, "department")),
        locations=parted(_cells(counts, "location")),
        levels=parted(_cells(counts, "level")),
    )


def _matching(counts: Counts) -> Matching:
    arms = _cells(counts, "matching")
    cells = parted(arms)
    treated = {name: arms[name] for name in ("matched", "unmatched")}
    waits = _cells(counts, "time_to_match")
    waits_shown = parted(waits)
    return Matching(
        matched=cells["matched"],
        unmatched=cells["unmatched"],
        held_out=cells["held_out"],
        match_rate=rate("matched", treated, cells),
        time_to_match=waits_shown,
        median_time_to_match=_median(waits, waits_shown),
        unmatched_reasons=parted(_cells(counts, "unmatched_reason")),
        last_run=_last_run(counts),
    )


def _last_run(counts: Counts) -> LastRun:
    run = _cells(counts, "run")
    paired, bound = run["pairs"].people, run["bound"].value
    hidden = share(Count(paired, paired), run["people"]).hidden
    quality = Cell(round(run["score"].value / bound, 3)) if bound else Cell(None)
    return LastRun(
        people=shown(run["people"]),
        pairs=HIDDEN if hidden else Cell(run["pairs"].value),
        quality=HIDDEN if hidden else quality,
    )


def _median(waits: Mapping[str, Count], cells: Mapping[str, Cell]) -> str | None:
    whole, passed = sum(count.value for count in waits.values()), 0
    for name in WAITS:
        passed += waits[name].value
        if whole and passed * 2 >= whole:
            return None if cells[name].hidden else name
    return None


def _offers(counts: Counts) -> Offers:
    offers = _cells(counts, "offers")
    decided = {name: offers[name] for name in ("accepted", "declined", "expired", "withdrawn")}
    cells = parted(decided)
    return Offers(
        **cells,
        open=shown(offers["open"]),
        acceptance_rate=rate("accepted", decided, cells),
    )


def _meetings(counts: Counts) -> Meetings:
    sessions = _cells(counts, "sessions")
    past = {name: sessions[name] for name in ("held", "missed")}
    cells = parted(past)
    pairs = _cells(counts, "relationships")
    goals = _cells(counts, "goals")
    minutes = _cells(counts, "minutes")["held"]
    return Meetings(
        relationships_open=shown(pairs["open"]),
        relationships_closed=shown(pairs["closed"]),
        **cells,
        cancelled=shown(sessions["cancelled"]),
        scheduled=shown(sessions["scheduled"]),
        held_rate=rate("held", past, cells),
        hours_held=HIDDEN if cells["held"].hidden else Cell(round(minutes.value / 60, 1)),
        goals_under_way=shown(goals["under_way"]),
        goals_achieved=shown(goals["achieved"]),
    )


def _scores(counts: Counts, question: str) -> Scores:
    buckets = _cells(counts, question)
    total = _cells(counts, f"{question}_total")["points"]
    answers = Count(sum(count.value for count in buckets.values()), total.people)
    return Scores(answers=shown(answers), average=average(total.value, answers), **parted(buckets))
