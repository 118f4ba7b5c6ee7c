"""What stands in for the company's own systems: keys, mails and spans over real sockets."""

import asyncio
import gzip
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mentorship.local.issuer import Issuer
from mentorship.local.mailbox import Mailbox
from mentorship.local.ports import free_port
from mentorship.local.spans import Spans
from mentorship.local.standin import StandIn
from mentorship.local.waterfall import rows_of


class Here:
    def __init__(self, standin: StandIn, url: str, smtp_port: int) -> None:
        self.standin = standin
        self.url = url
        self.smtp_port = smtp_port


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    port, smtp_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    standin = StandIn(Issuer(tmp_path, url), Mailbox(tmp_path / "mail.jsonl"))
    async with standin.serving("127.0.0.1", port, smtp_port):
        yield Here(standin, url, smtp_port)


def exported(names: list[str]) -> bytes:
    """Spans, each the parent of the next, as an SDK exports them."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")

    def nest(rest: list[str]) -> None:
        if rest:
            with tracer.start_as_current_span(rest[0], attributes={"depth": len(rest), "tags": ["a", "b"]}):
                nest(rest[1:])

    nest(names)
    return bytes(encode_spans(kept.get_finished_spans()).SerializeToString())


async def test_a_token_verifies_against_the_served_key(here: Here) -> None:
    async with httpx.AsyncClient() as client:
        keys = (await client.get(f"{here.url}/.well-known/jwks.json")).json()
    token = here.standin.issuer.token("E1", ["employee"])
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="mentorship", issuer=here.url)
    assert (claims["sub"], claims["roles"]) == ("E1", ["employee"])


def test_the_issuer_keeps_its_key(tmp_path: Path) -> None:
    assert Issuer(tmp_path, "http://a").jwks == Issuer(tmp_path, "http://b").jwks
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o077 == 0


async def test_a_mail_handed_in_can_be_read_and_outlives_a_restart(here: Here, tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Grüße"
    message["Message-ID"] = "<one@example.com>"
    message.set_content("Hallo")

    def hand_in() -> None:
        with smtplib.SMTP("127.0.0.1", here.smtp_port) as smtp:
            smtp.send_message(message)

    await asyncio.to_thread(hand_in)
    async with httpx.AsyncClient() as client:
        (mail,) = (await client.get(f"{here.url}/mail", params={"to": "b@example.com"})).json()
        nothing = (await client.get(f"{here.url}/mail", params={"to": "c@example.com"})).json()
    assert (mail["subject"], mail["to"], mail["message_id"]) == ("Grüße", ["b@example.com"], "<one@example.com>")
    assert nothing == []
    assert Mailbox(tmp_path / "mail.jsonl").newest(10) == [mail]


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_exported_spans_come_back_as_one_trace(here: Here, encoding: str) -> None:
    body = exported(["POST /accept", "handle", "send"])
    async with httpx.AsyncClient() as client:
        sent = await client.post(
            f"{here.url}/v1/traces",
            content=gzip.compress(body) if encoding else body,
            headers={"Content-Type": "application/x-protobuf"} | ({"Content-Encoding": encoding} if encoding else {}),
        )
        (trace,) = (await client.get(f"{here.url}/traces")).json()
        spans = (await client.get(f"{here.url}/traces/{trace['trace_id'][:8]}")).json()
    assert sent.status_code == 200
    assert (trace["name"], trace["spans"]) == ("POST /accept", 3)
    assert [row.label for row in rows_of(spans)] == ["POST /accept", "  handle", "    send"]
    assert spans[0]["attributes"] == {"depth": 3, "tags": ["a", "b"]}


async def test_what_is_no_export_is_refused(here: Here) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{here.url}/v1/traces", content=b"\xff\xff\xff")
    assert answer.status_code == 400


def test_only_the_newest_spans_are_kept() -> None:
    spans = Spans(limit=4)
    for number in range(4):
        spans.receive(exported([f"a{number}", f"b{number}"]))
    assert len(spans) == 4
    assert [trace["name"] for trace in spans.traces(10)] == ["a3", "a2"]


def test_a_span_whose_parent_is_not_kept_stands_at_the_left() -> None:
    def span(name: str, own: str, parent: str, start: int) -> dict[str, Any]:
        times = {"start": start, "end": start + 10, "failed": False, "service": "matching"}
        return {"name": name, "span_id": own, "parent_id": parent, **times}

    rows = rows_of([span("child", "c", "b", 30), span("orphan", "b", "gone", 20), span("root", "a", "", 10)])
    assert [row.label for row in rows] == ["root", "orphan", "  child"]


async def test_no_recipient_is_logged(here: Here, caplog: pytest.LogCaptureFixture) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", here.smtp_port) as smtp:
            smtp.sendmail("from@example.com", ["zanzibar.quux@example.com"], "Subject: hello\r\n\r\nHello")

    with caplog.at_level("INFO"):
        await asyncio.to_thread(send)
    assert len(here.standin.mailbox) == 1
    assert "zanzibar" not in caplog.text
