"""Drawing who is held out of a programme."""

from chassis.transaction import Tx
from matching.adapters.db import arms as db
from matching.adapters.db import pairs, programmes
from matching.domain.arms import Arms, Drawing, draw, must_be_drawable, stratum_of
from matching.domain.enrolment import roles_in
from matching.domain.participants import Participant, assign_arm
from matching.domain.programmes import Programme
from matching.handlers.enrolment import places_freed


async def draw_arms(tx: Tx, programme: Programme, drawing: Drawing, drawn_by: str) -> Arms:
    """Hold a share of those who take part, or wait to, out of a programme that is locked."""
    programme.must_be_open()
    must_be_drawable(
        drawing,
        roles_in(programme.format),
        runs=await db.runs_of(tx, programme.id),
        pins=len(await pairs.pairs_in(tx, programme.id, "must_match")),
        drawn=await db.arms_of(tx, programme.id) is not None,
    )
    people = [place for place in await db.lock_present(tx, programme.id) if drawing.concerns(place.roles)]
    records = await db.records_in(tx, programme.id)
    held = draw(drawing, {one.employee_id: stratum_of(records[one.employee_id], drawing.strata) for one in people})
    changed: list[Participant] = []
    for place in people:
        after, event = assign_arm(place, "control" if place.employee_id in held else "treatment")
        if event is not None:
            tx.publish(event, version=after.version)
        changed.append(after)
    await programmes.save_participants(tx, changed)
    await places_freed(tx, [programme.id])
    drawn = Arms(drawing, len(people), len(held), drawn_by, tx.now)
    await db.add_arms(tx, programme.id, drawn)
    return drawn
