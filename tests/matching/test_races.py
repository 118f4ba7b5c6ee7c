"""Many people at once, and processes that die in the middle: no capacity is exceeded, nobody is matched twice."""

import asyncio
from contextlib import suppress

import httpx
import pytest

from matching.worker.process import Worker
from tests.builders import hired, left
from tests.conftest import Bearer
from tests.fixtures.services import Runner
from tests.matching.conftest import House
from tests.matching.replicas import a_replica
from tests.matching.test_cascade import overfull


@pytest.mark.timeout(300)
async def test_200_accept_at_once_on_mentors_of_one_place_while_the_service_is_killed(
    house: House, running: Runner, bearer: Bearer
) -> None:
    mentees, mentors = [f"E{number}" for number in range(100)], [f"M{number}" for number in range(20)]
    await house.hear(*(hired(name) for name in (*mentees, *mentors)))
    programme = await house.programme()
    await house.enrol(programme, mentees, "mentee")
    await house.enrol(programme, mentors, "mentor", capacity=5)
    assert len(await house.offers(programme)) == 100
    await house.enrol(programme, mentors, "mentor", capacity=1)
    rows = await house.rows("SELECT match_id, employee_id FROM match_member")
    answers = [(f"/matches/{row.match_id}/accept", row.employee_id) for row in rows]
    assert len(answers) == 200

    async with a_replica(house, running) as (process, client):

        async def accept(path: str, who: str) -> int:
            with suppress(httpx.TransportError):
                return (await client.post(f"/v1{path}", headers=bearer(who, "employee"))).status_code
            return 0

        accepting = [asyncio.ensure_future(accept(*answer)) for answer in answers]
        await asyncio.wait(accepting, return_when=asyncio.FIRST_COMPLETED)
        process.kill()
        killed = await asyncio.gather(*accepting)
    assert 0 in killed, "it was killed too late to be of interest"
    # Who was cut off asks again, and again where all connections are busy.
    codes = set[int]()
    while answers:
        again = await asyncio.gather(*(house.call("POST", path, who) for path, who in answers))
        codes |= {answer.status_code for answer in again}
        answers = [one for one, answer in zip(answers, again, strict=True) if answer.status_code == 503]
    assert codes <= {200, 409, 503}
    active = await house.rows(
        "SELECT role, count(*) AS matches, count(DISTINCT employee_id) AS people FROM match_member"
        " JOIN match ON id = match_id WHERE status = 'active' GROUP BY role"
    )
    assert {(row.role, row.matches, row.people) for row in active} == {("mentee", 20, 20), ("mentor", 20, 20)}


@pytest.mark.timeout(300)
async def test_a_run_is_published_by_workers_that_die_while_people_withdraw_leave_and_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.handlers.publishing.AT_ONCE", 5)
    monkeypatch.setattr("matching.handlers.runs.AT_ONCE", 1)
    mentees, mentors = [f"E{number}" for number in range(60)], [f"M{number}" for number in range(20)]
    await house.hear(*(hired(name) for name in (*mentees, *mentors)))
    programme = await house.programme()
    await house.enrol(programme, mentees, "mentee")
    await house.enrol(programme, mentors, "mentor", capacity=3)
    run = await house.run(programme)
    assert (await house.ok("POST", f"/runs/{run['run_id']}/publish"))["run"]["status"] == "publishing"
    gone = [*mentees[:6], *mentors[:3]]
    leaving = [house.call("DELETE", f"/programmes/{programme}/participants/{name}", name) for name in gone[:7]]
    others = asyncio.gather(*leaving, house.hear(*(left(name) for name in gone[7:])))
    deaths = 0
    for moment in (0.01, 0.03, 0.06, 0.1):
        # Its lease has run out at once: whoever comes next takes over what it has not done.
        worker = Worker(house.here.service.database, lease_seconds=-1, in_child=False)
        working = asyncio.ensure_future(worker.work_once())
        await asyncio.sleep(moment)
        deaths += working.cancel()
        with suppress(asyncio.CancelledError):
            await working
    await others
    await house.work()
    assert deaths, "nobody died"
    done = await house.ok("GET", f"/runs/{run['run_id']}")
    assert (done["status"], done["offered"] + done["left_out"]) == ("published", 60)
    found = await house.rows(
        "SELECT 1 FROM match JOIN match_member ON match_id = id"
        " WHERE status IN ('proposed', 'active') AND employee_id = ANY(:gone)",
        gone=gone,
    )
    assert found == []
    twice = await house.rows(
        "SELECT employee_id FROM match_member WHERE role = 'mentee' GROUP BY employee_id HAVING count(*) > 1"
    )
    assert twice == []
    assert await overfull(house) == []
    assert len(await house.said("match.proposed", at_least=done["offered"])) == done["offered"]
