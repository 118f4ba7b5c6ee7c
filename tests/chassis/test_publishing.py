"""Messages are stored in the stream that they are meant for, and only what the server says it has is believed."""

import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from nats.aio.client import Client

from chassis.publishing import Outgoing, PublishRefused, publish_batch, publish_one
from tests.chassis import probe
from tests.fixtures.bus import Bus

ECHO = "mentorship.probe.echo.made.v1"


@pytest.fixture
async def client(bus: Bus) -> AsyncIterator[Client]:
    await bus.provision("probe", probe.SUBSCRIPTIONS)
    connection = await bus.connect("probe")
    yield connection
    await connection.close()


def message(name: str) -> Outgoing:
    return Outgoing(ECHO, f"Nats-Msg-Id: {name}\r\n", b"{}")


async def stream_of_echoes(bus: Bus) -> str:
    return await bus.js.find_stream_name_by_subject(ECHO)


async def test_a_message_is_stored_once_and_the_second_time_said_to_be_there(bus: Bus, client: Client) -> None:
    stream = await stream_of_echoes(bus)
    assert [await publish_one(client, stream, message("one")) for _ in range(2)] == [True, False]
    assert len(await bus.messages(ECHO)) == 1


async def test_what_is_meant_for_another_stream_is_refused_with_the_servers_code(bus: Bus, client: Client) -> None:
    with pytest.raises(PublishRefused) as one:
        await publish_one(client, "HR", message("one"))
    with pytest.raises(PublishRefused) as many:
        await publish_batch(client, "HR", map(message, "abc"))
    assert one.value.code == many.value.code == 10060
    assert await bus.messages(ECHO) == []


async def test_a_duplicate_refuses_the_batch_it_is_in(bus: Bus, client: Client) -> None:
    stream = await stream_of_echoes(bus)
    await publish_batch(client, stream, map(message, "abc"))
    with pytest.raises(PublishRefused) as refused:
        await publish_batch(client, stream, map(message, "cde"))
    assert refused.value.code == 10201
    assert len(await bus.messages(ECHO)) == 3


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"stream": "X", "seq": 3, "count": 2}, id="fewer"),
        pytest.param({"stream": "X", "seq": 3}, id="no count"),
        pytest.param({"stream": "X"}, id="no place"),
        pytest.param({}, id="nothing"),
        pytest.param({"error": {"code": 503, "err_code": 10077, "description": "full"}, "seq": 3, "count": 3}, id="no"),
    ],
)
async def test_less_than_the_whole_batch_is_not_believed(answer: dict[str, Any]) -> None:
    async def request(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(data=json.dumps(answer).encode())

    async def nothing(*_: Any) -> None:
        return

    server: Any = SimpleNamespace(
        is_connected=True, is_draining_pubs=False, request=request, _send_command=nothing, _flush_pending=nothing
    )
    with pytest.raises(PublishRefused):
        await publish_batch(server, "X", map(message, "abc"))
