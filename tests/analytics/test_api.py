"""Who may ask for which figures, and the way of an event from the stream to a figure."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

import analytics.main
from chassis.cloudevents import CloudEvent, headers_of
from contracts import matching
from tests.analytics.history import OWNER, PROGRAMME, History, deliver
from tests.conftest import Bearer
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner, Running


@pytest.fixture
async def here(postgres: Databases, running: Runner) -> AsyncIterator[Running]:
    async with postgres.database("analytics") as url, running(analytics.main.service, url) as running_service:
        yield running_service


def a_programme(owner: str = OWNER, programme: UUID = PROGRAMME, people: int = 6) -> History:
    history = History(programme=programme, seed=programme.int % 1000)
    history.open(owner_id=owner)
    history.enrol(*(f"S{n}" for n in range(people)))
    return history


async def publish(bus: Bus, history: History) -> None:
    for received in history.heard:
        event = CloudEvent(
            id=received.id,
            source=received.source,
            type=received.subject,
            subject=received.event.thing_id,
            time=received.time,
            version=received.version,
            data=received.event.model_dump_json().encode(),
        )
        await bus.js.publish(received.subject, event.data, headers=headers_of(event))


async def eventually(look: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := await look()):  # noqa: ASYNC110  what is awaited happens in PostgreSQL
            await asyncio.sleep(0.05)
        return found


async def test_what_is_published_becomes_a_figure(here: Running, bus: Bus, bearer: Bearer) -> None:
    await publish(bus, a_programme())

    async def enrolled() -> Any:
        answer = await here.client.get(f"/v1/programmes/{PROGRAMME}/health", headers=bearer(OWNER, "programme-manager"))
        return answer.status_code == 200 and answer.json()["participants"]["enrolled"]["value"] == 6 and answer.json()

    health = await eventually(enrolled)
    assert health["programme_id"] == str(PROGRAMME)
    assert health["open"] is True
    assert health["matching"]["match_rate"] == {"value": 0.0, "hidden": None}


async def test_a_manager_sees_the_own_programmes_and_an_administrator_all(here: Running, bearer: Bearer) -> None:
    others = uuid4()
    await deliver(here.service.database, a_programme().heard)
    await deliver(here.service.database, a_programme("MANAGER-2", others).heard)
    manager, admin = bearer(OWNER, "programme-manager"), bearer("A", "platform-admin")
    listed = (await here.client.get("/v1/programmes", headers=manager)).json()["items"]
    assert [item["programme_id"] for item in listed] == [str(PROGRAMME)]
    assert listed[0]["participants"] == {"value": 6, "hidden": None}
    listed = (await here.client.get("/v1/programmes", headers=admin)).json()["items"]
    assert {item["programme_id"] for item in listed} == {str(PROGRAMME), str(others)}
    for who, programme, status in ((manager, PROGRAMME, 200), (manager, others, 404), (admin, others, 200)):
        assert (await here.client.get(f"/v1/programmes/{programme}/health", headers=who)).status_code == status


async def test_the_list_of_programmes_comes_in_pages(here: Running, bearer: Bearer) -> None:
    programmes = {uuid4() for _ in range(5)}
    for programme in programmes:
        await deliver(here.service.database, a_programme(programme=programme, people=1).heard)
    admin, seen, cursor = bearer("A", "platform-admin"), list[str](), None
    while cursor or not seen:
        asked = {"limit": "2", "cursor": cursor} if cursor else {"limit": "2"}
        page = (await here.client.get("/v1/programmes", params=asked, headers=admin)).json()
        seen += [item["programme_id"] for item in page["items"]]
        assert all(item["participants"] == {"value": None, "hidden": "small_group"} for item in page["items"])
        cursor = page["next"]
    assert sorted(seen) == sorted(str(programme) for programme in programmes)


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        (f"/v1/programmes/{PROGRAMME}/health", ("employee", "publisher", "operator")),
        ("/v1/programmes", ("employee", "publisher", "operator")),
        ("/v1/messages/delivery", ("employee", "publisher", "operator", "programme-manager")),
    ],
)
async def test_nobody_else_sees_figures(here: Running, bearer: Bearer, path: str, refused: tuple[str, ...]) -> None:
    await deliver(here.service.database, a_programme().heard)
    assert (await here.client.get(path)).status_code == 401
    for role in refused:
        assert (await here.client.get(path, headers=bearer(OWNER, role))).status_code == 403
    assert (await here.client.get(path, headers=bearer("A", "platform-admin"))).status_code == 200


async def test_a_manager_who_has_left_is_locked_out(here: Running, bearer: Bearer) -> None:
    history = a_programme()
    history.hire(OWNER)
    history.say(matching.EmployeeDeparted(employee_id=OWNER))
    await deliver(here.service.database, history.heard)
    answer = await here.client.get("/v1/programmes", headers=bearer(OWNER, "programme-manager"))
    assert (answer.status_code, answer.json()["code"]) == (403, "departed")


async def test_a_programme_without_a_known_owner_is_for_administrators_alone(here: Running, bearer: Bearer) -> None:
    history = History()
    history.open(owner_id=None)
    await deliver(here.service.database, history.heard)
    path = f"/v1/programmes/{PROGRAMME}/health"
    assert (await here.client.get(path, headers=bearer("None", "programme-manager"))).status_code == 404
    assert (await here.client.get(path, headers=bearer("A", "platform-admin"))).status_code == 200


@pytest.mark.parametrize("programme", ["x", "0", "%00", "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"])
async def test_a_programme_that_is_not_there_is_not_found(here: Running, bearer: Bearer, programme: str) -> None:
    answer = await here.client.get(f"/v1/programmes/{programme}/health", headers=bearer("A", "platform-admin"))
    assert answer.status_code in {400, 404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_messages_are_counted_by_kind_and_outcome(here: Running, bearer: Bearer) -> None:
    history = History()
    for number in range(7):
        history.message(f"E{number}", failed=number > 4)
    for number in range(6):
        history.message(f"E{number}", suppressed=True)
    await deliver(here.service.database, history.heard)
    answer = await here.client.get("/v1/messages/delivery", headers=bearer("A", "platform-admin"))
    small = {"value": None, "hidden": "small_group"}
    five, six = {"value": 5, "hidden": None}, {"value": 6, "hidden": None}
    assert answer.json() == [{"kind": "match-proposed", "sent": five, "failed": small, "suppressed": six}]
