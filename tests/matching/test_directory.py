from uuid import uuid4

from sqlalchemy import text

from chassis.cloudevents import headers_of
from tests.builders import a_version, changed, erased, hired, left
from tests.eventually import eventually
from tests.matching.conftest import House


async def test_a_hired_employee_is_active_and_said_to_be(house: House) -> None:
    await house.hear(hired("E1"))
    assert [row.status for row in await house.rows("SELECT status FROM employee")] == ["active"]
    assert await house.said("employee.activated", at_least=1) == [{"employee_id": "E1"}]


async def test_leaving_is_said_once_however_often_it_is_heard(house: House) -> None:
    await house.hear(hired("E1"), left("E1"), left("E1"))
    assert await house.said("employee.departed", at_least=1) == [{"employee_id": "E1"}]


async def test_what_comes_late_from_another_source_is_counted_as_stale(house: House) -> None:
    old = a_version()
    await house.hear(hired("E1"))
    await house.bus.publish(changed("E1", version=old), source="/payroll")
    await house.bus.settled()
    found = await house.ok("GET", "/employees/refusals", "ops", "operator")
    assert [(row["source"], row["reason"], row["refused"]) for row in found["items"]] == [("/payroll", "stale", 1)]


async def test_an_erased_employee_is_forgotten_for_good(house: House) -> None:
    await house.hear(hired("E1", display_name="Zanzibar Quux"), hired("E2"))
    await house.hear(erased("E1"))
    await house.hear(changed("E1", display_name="Zanzibar Quux"))
    assert [row.employee_id for row in await house.rows("SELECT employee_id FROM employee")] == ["E2"]
    found = await house.ok("GET", "/employees/refusals", "ops", "operator")
    assert [(row["source"], row["reason"]) for row in found["items"]] == [("/hr", "erased")]
    await eventually(lambda: house.rows("SELECT 1 FROM hr_erasure"), [])
    kept = await house.bus.messages("hr.employee.>")
    assert not any(b"Quux" in (message.data or b"") for message in kept)
    assert len(kept) == 2  # E2 was hired, E1 was erased


async def test_erasing_removes_every_copy_that_the_stream_has(house: House) -> None:
    event = hired("E1", display_name="Zanzibar Quux")
    first = await house.bus.publish(event)
    other = event.model_copy(update={"job_title": "Sailor"})

    async def again() -> None:
        # Past the stream's own window of duplicates, as an import that is repeated the next day.
        for body in (event, other):
            headers = headers_of(first) | {"Nats-Msg-Id": str(uuid4())}
            await house.bus.js.publish(event.subject, body.model_dump_json().encode(), headers=headers, stream="HR")

    await again()
    await house.hear(erased("E1"))
    await again()
    await house.bus.settled()
    await eventually(lambda: house.rows("SELECT 1 FROM hr_erasure"), [])
    assert not any(b"Quux" in (message.data or b"") for message in await house.bus.messages("hr.employee.>"))
    assert len(await house.bus.messages("hr.employee.erased.v1")) == 1


async def test_erasing_removes_what_nobody_could_read(house: House) -> None:
    told = b'{"employee_id": "E1", "display_name": "Zanzibar Quux", "version": -1'

    async def nonsense() -> None:
        envelope = await house.bus.publish(hired("E2"))
        headers = headers_of(envelope) | {"ce-id": str(uuid4()), "Nats-Msg-Id": str(uuid4())}
        await house.bus.js.publish("hr.employee.hired.v1", told + b"}", headers=headers, stream="HR")
        await house.bus.js.publish("hr.employee.hired.v1", told, stream="HR")

    await nonsense()
    await house.hear(hired("E1"), erased("E1"))
    await nonsense()
    await house.bus.settled()
    await eventually(lambda: house.rows("SELECT 1 FROM hr_erasure"), [])
    assert not any(b"Quux" in (message.data or b"") for message in await house.bus.messages("hr.employee.>"))
    assert len(await house.bus.messages("mentorship.dlq.>")) == 4


async def test_an_unknown_type_under_hr_is_a_dead_letter_once(house: House) -> None:
    await house.bus.js.publish("hr.employee.promoted.v9", b'{"specversion":"1.0"}', stream="HR")
    await house.bus.settled()
    letters = await house.bus.messages("mentorship.dlq.>")
    assert len(letters) == 1


async def test_a_future_record_acts_on_its_day(house: House) -> None:
    await house.hear(hired("E1", effective_on="2190-01-01"))
    assert [row.status for row in await house.rows("SELECT status FROM employee")] == ["expected"]
    # The day comes: what waits has its day moved to the past, and its timer fires.
    async with house.here.service.database.transaction() as tx:
        await tx.connection.execute(text("UPDATE employee_pending SET acts_on = '2026-01-01'"))
        await tx.connection.execute(text("UPDATE due SET due_at = now()"))
    assert await house.said("employee.activated", at_least=1) == [{"employee_id": "E1"}]
    assert await house.rows("SELECT 1 FROM employee_pending") == []


async def test_a_departed_employee_is_locked_out(house: House) -> None:
    await house.hear(hired("E1"))
    assert (await house.call("GET", "/me/matches", "E1")).status_code == 200
    await house.hear(left("E1"))
    assert (await house.call("GET", "/me/matches", "E1")).status_code == 403


async def test_the_sequences_of_messages_of_an_older_stream_are_left_alone(house: House) -> None:
    await house.hear(hired("E1"), hired("E2"))
    async with house.here.service.database.transaction() as tx:
        await tx.connection.execute(text("INSERT INTO hr_erasure VALUES (2, '2020-01-01')"))
    await eventually(lambda: house.rows("SELECT 1 FROM hr_erasure"), [])
    assert len(await house.bus.messages("hr.employee.>")) == 2
