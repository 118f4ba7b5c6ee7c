"""Starting while NATS is there and JetStream is not yet."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nats.errors import NoRespondersError

from chassis.health import Health
from chassis.messaging import Messaging, TopologyMissing

THERE = {"config": {"filter_subjects": ["a.b"], "max_deliver": -1}}
ELECTING = {"error": {"code": 503, "err_code": 10008, "description": "JetStream system temporarily unavailable"}}
MISSING = {"error": {"code": 404, "err_code": 10014, "description": "consumer not found"}}


class Server:
    """Answers one after the other, and says in between what NATS says past a request."""

    def __init__(self, *answers: Any, last_error: Exception | None = None) -> None:
        self.last_error = last_error
        self._answers = iter(answers)

    async def request(self, *_: Any, **__: Any) -> Any:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(data=json.dumps(answer).encode())


async def _checked(monkeypatch: pytest.MonkeyPatch, server: Server) -> bool:
    row = SimpleNamespace(by_stream={"A": ("a.b",)})
    consumer = SimpleNamespace(durable="probe-echo", stream="A", subscription=row)
    nothing = cast("Any", None)
    messaging = Messaging("probe", nothing, [cast("Any", consumer)], nothing, Health(), nothing)
    monkeypatch.setattr(messaging, "client", lambda: server)
    return await messaging._checked(asyncio.Event())


async def test_a_service_waits_for_jetstream_and_does_not_die_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await _checked(monkeypatch, Server(NoRespondersError(), TimeoutError(), ELECTING, THERE))


async def test_what_is_missing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TopologyMissing, match="missing"):
        await _checked(monkeypatch, Server(MISSING))


async def test_a_durable_that_hears_more_belongs_to_a_later_version_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await _checked(monkeypatch, Server({"config": {"filter_subjects": ["a.b", "a.c"], "max_deliver": -1}}))


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"filter_subjects": ["a.c"], "max_deliver": -1}, id="other subjects"),
        pytest.param({"filter_subject": "a.bc", "max_deliver": -1}, id="another subject"),
        pytest.param({"filter_subjects": ["a.b"], "max_deliver": 5}, id="another limit"),
    ],
)
async def test_a_durable_that_hears_too_little_is_refused(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, Any]
) -> None:
    with pytest.raises(TopologyMissing, match="topology apply"):
        await _checked(monkeypatch, Server({"config": config}))


async def test_what_the_user_may_not_ask_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Exception('nats: permissions violation for publish to "$jS.API.CONSUMER.INFO.A.probe-echo"')
    with pytest.raises(TopologyMissing, match="may not"):
        await _checked(monkeypatch, Server(TimeoutError(), last_error=error))
