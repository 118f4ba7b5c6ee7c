"""Who somebody is and what they wrote travels in HR's stream and in mails: nowhere else that operators look."""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

import analytics.main
import matching.main
import notifications.main
import sessions.main
from matching.worker.process import Worker
from tests.builders import hired
from tests.conftest import Bearer
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner, Running
from tests.notifications.sink import Sink, listening

PERSONAL = ("display_name", "email", "department", "job_title", "location", "skills")
WRITTEN = ("programme", "wanted", "goal", "words", "feedback")
SENT = ("path", "query", "agent", "key", "field", "value", "token", "poison", "address")
MANAGER = ("employee", "programme-manager")


@dataclass(frozen=True)
class Canaries:
    """A word that stands nowhere else for each thing that somebody said or is called."""

    words: Mapping[str, str]

    @classmethod
    def hatched(cls) -> "Canaries":
        return cls({name: f"canary{token_hex(8)}" for name in (*PERSONAL, *WRITTEN, *SENT)})

    def __getitem__(self, name: str) -> str:
        return self.words[name]

    def found_in(self, haystack: bytes) -> set[str]:
        """Which are there, as they are or encoded."""
        lowered = haystack.lower()
        return {
            name
            for name, word in self.words.items()
            if word.encode() in lowered or any(shape in haystack for shape in _encoded(word))
        }


def _encoded(word: str) -> Iterator[bytes]:
    yield word.encode("utf-16-le")
    yield word.encode().hex().encode()
    for offset in range(3):
        yield base64.b64encode(b"\x00" * offset + word.encode())[4:-4]


@dataclass
class Flow:
    """The four services on one bus, and requests to them."""

    here: dict[str, Running]
    bearer: Bearer
    canaries: Canaries

    async def ok(
        self, service: str, call: str, who: str, body: Any = None, roles: tuple[str, ...] = ("employee",)
    ) -> Any:
        method, path = call.split(" ")
        headers = self.bearer(who, *roles) | {"User-Agent": self.canaries["agent"]}
        answer = await self.here[service].client.request(method, f"/v1{path}", json=body, headers=headers)
        assert answer.is_success, f"{call}: {answer.text}"
        return answer.json()

    async def match(self) -> str:
        """A programme, a run, an offer that both accept: the match."""
        owner = partial(self.ok, "matching", who="E-owner", roles=MANAGER)
        made = await owner("POST /programmes", body={"name": self.canaries["programme"]})
        programme = f"/programmes/{made['programme_id']}"
        await owner(f"POST {programme}/open")
        words = {"skills_wanted": [self.canaries["wanted"]], "goals": [self.canaries["goal"]]}
        await self.ok("matching", f"PUT {programme}/participants/E1", "E1", {"roles": ["mentee"], **words})
        await self.ok("matching", f"PUT {programme}/participants/E2", "E2", {"roles": ["mentor"]})
        run = await owner(f"POST {programme}/runs")
        assert await Worker(self.here["matching"].service.database, in_child=False).work_once()
        await owner(f"POST /runs/{run['run_id']}/publish")
        (offer,) = (await self.ok("matching", "GET /me/matches", "E1"))["items"]
        for who in ("E1", "E2"):
            await self.ok("matching", f"POST /matches/{offer['match_id']}/accept", who)
        return str(offer["match_id"])

    async def meet(self, relationship: str) -> None:
        """A goal, a session and feedback, with words."""
        root = f"/relationships/{relationship}"
        await self.ok("sessions", f"POST {root}/goals", "E1", {"code": "speaking", "words": self.canaries["words"]})
        start = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=3)
        date = {"local_start": start.isoformat(), "timezone": "UTC"}
        session = (await self.ok("sessions", f"POST {root}/sessions", "E1", date))["session_id"]
        async with self.here["sessions"].service.database.engine.begin() as connection:
            await connection.execute(text("UPDATE session SET starts_at = now() - interval '1 hour'"))
        await self.ok("sessions", f"POST /sessions/{session}/hold", "E1")
        feedback = {"usefulness": 5, "words": self.canaries["feedback"]}
        await self.ok("sessions", f"POST /sessions/{session}/feedback", "E1", feedback)

    async def err(self) -> None:
        """Requests that are refused, with canaries wherever a request has room."""
        words = self.canaries
        for service, running in self.here.items():
            for path in (f"/v1/{words['path']}", f"/v1/me/{words['path']}/sessions", f"/v1/matches/{words['path']}"):
                await running.client.get(path, headers=self.bearer("E1", "employee"))
            paths = {"matching": "/v1/me/matches", "sessions": "/v1/me/sessions", "analytics": "/v1/programmes"}
            path = paths.get(service, "/v1/me/messages")
            await running.client.get(path, params={"cursor": words["query"]}, headers=self.bearer("E1", "employee"))
            await running.client.get(path, headers={"Authorization": f"Bearer {words['token']}"})
        body = {
            "name": "Spring",
            words["field"]: words["value"],
            "owner_id": words["value"] + "@",
            "format": words["value"],
        }
        headers = self.bearer("E-owner", *MANAGER) | {"Idempotency-Key": words["key"]}
        client = self.here["matching"].client
        assert (await client.post("/v1/programmes", json=body, headers=headers)).status_code == 422
        for _ in range(2):
            assert (await client.post("/v1/programmes", json={"name": "Spring"}, headers=headers)).status_code == 201


@pytest.fixture
def canaries() -> Canaries:
    return Canaries.hatched()


@pytest.fixture
async def sink(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Sink]:
    caplog.set_level("WARNING", "mail.log")  # the sink is the world outside; what it logs in this process is not ours
    async with listening() as sink:
        yield sink


@pytest.fixture
async def flow(
    postgres: Databases, running: Runner, bearer: Bearer, sink: Sink, tmp_path: Path, canaries: Canaries
) -> AsyncIterator[Flow]:
    keys = tmp_path / "note-keys.json"
    keys.write_text(json.dumps([{"id": "k1", "key": base64.b64encode(token_bytes(32)).decode()}]))
    given: dict[str, dict[str, Any]] = {"notifications": {"smtp_url": sink.url}, "sessions": {"note_keys_file": keys}}
    here = {}
    async with AsyncExitStack() as stack:
        for module in (matching.main, sessions.main, notifications.main, analytics.main):
            name = module.__name__.partition(".")[0]
            url = await stack.enter_async_context(postgres.database(name))
            here[name] = await stack.enter_async_context(running(module.service, url, **given.get(name, {})))
        yield Flow(here, bearer, canaries)


async def hire(bus: Bus, canaries: Canaries) -> None:
    """Two people of whom everything is a canary, and somebody whose record cannot be read."""
    own = {name: canaries[name] for name in PERSONAL} | {"skills": (canaries["skills"],)}
    for who in ("E1", "E2"):
        await bus.publish(hired(who, **own | {"email": f"{canaries['email']}-{who.lower()}@example.com"}))
    subject, headers = "hr.employee.hired.v1", {"ce-specversion": "1.0", "ce-id": "poison", "ce-source": "/hr"}
    poison = json.dumps({"employee_id": "E3", "display_name": canaries["poison"], "email": 1}).encode()
    await bus.js.publish(subject, poison, headers=headers | {"ce-type": subject})
    await bus.settled(seconds=40)


async def test_who_somebody_is_and_what_they_wrote_is_in_no_other_stream_log_span_or_label(
    bus: Bus,
    flow: Flow,
    sink: Sink,
    canaries: Canaries,
    spans: InMemorySpanExporter,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sink.recipient_answers.append(f"550 5.1.1 <{canaries['address']}@example.com>: nobody here by that name")
    await hire(bus, canaries)
    match = await flow.match()
    await _quiet(bus, flow)
    await flow.meet(match)
    await flow.err()
    await _quiet(bus, flow)
    assert len(await bus.messages("mentorship.notifications.message.failed.v1")) == 1

    streams = {name: await _stream(bus, f"mentorship.{name}.>") for name in (*flow.here, "dlq")}
    assert all(len(stream) > 1 for name, stream in streams.items() if name != "analytics"), streams.keys()
    looked_at = {name: b"\n".join(messages) for name, messages in streams.items()}
    looked_at["metrics"] = (await flow.here["matching"].client.get("/metrics")).content
    looked_at["spans"] = "\n".join(str(span.to_json()) for span in spans.get_finished_spans()).encode()
    written = capfd.readouterr()
    looked_at["logs"] = (written.out + written.err).encode()
    assert {name: canaries.found_in(haystack) for name, haystack in looked_at.items()} == {
        name: set() for name in looked_at
    }
    assert all(sign in looked_at["spans"] for sign in (b"smtp send", b"POST /v1/sessions/{session_id}/feedback"))
    assert b'"event": "request"' in looked_at["logs"]


async def test_the_search_finds_what_may_be_somewhere(bus: Bus, flow: Flow, sink: Sink, canaries: Canaries) -> None:
    await hire(bus, canaries)
    assert canaries.found_in(b"\n".join(await _stream(bus, "hr.>"))) == {*PERSONAL, "poison"}
    await flow.match()
    await eventually(partial(_mails, sink), 2, seconds=40)
    mails = b"\n".join(mail.as_bytes() for mail in sink.mails)
    assert {"email", "display_name"} <= canaries.found_in(mails)
    for word in canaries.words.values():
        for shape in (word.encode(), *_encoded(word)):
            assert canaries.found_in(b"before " + shape + b" after")


async def _stream(bus: Bus, subject: str) -> list[bytes]:
    """Every message of these subjects: subject, headers and body."""
    return [
        f"{message.subject} {message.headers}\n".encode() + (message.data or b"")
        for message in await bus.messages(subject)
    ]


async def _quiet(bus: Bus, flow: Flow) -> None:
    """Return when nothing is on its way any more: an event makes others, three services further at most."""
    for _ in range(4):
        await eventually(partial(_waiting, flow), 0, seconds=40)
        await bus.settled(seconds=40)


async def _mails(sink: Sink) -> int:
    return min(2, len(sink.envelopes))


async def _waiting(flow: Flow) -> int:
    """Events that are not published yet, mails that are not sent yet."""
    waiting = 0
    for name, running in flow.here.items():
        async with running.service.database.engine.connect() as connection:
            counted = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
            waiting += (await connection.execute(text(counted))).scalar_one()
            if name == "notifications":
                pending = "SELECT count(*) FROM message WHERE status = 'pending'"
                waiting += (await connection.execute(text(pending))).scalar_one()
    return waiting
