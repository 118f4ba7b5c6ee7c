"""Mail servers that speak TLS, from the start or by STARTTLS, under a certificate authority of the company's own."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from notifications.adapters.smtp import Server, Transport, Unreachable
from notifications.main import service
from tests.fixtures.certificates import CertificateAuthority
from tests.notifications.sink import DROP, Sink, listening


@pytest.fixture
def company(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> CertificateAuthority:
    """The authority that this process is told to believe."""
    authority = CertificateAuthority(scratch / "company")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


@pytest.fixture(params=["smtp", "smtps"])
async def tls_sink(company: CertificateAuthority, request: pytest.FixtureRequest) -> AsyncIterator[Sink]:
    """A server that takes mail over TLS alone: from the start (smtps) or after STARTTLS (smtp)."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*company.certificate())
    async with listening(context, implicit=request.param == "smtps") as sink:
        yield sink


async def _trouble_with(url: str) -> str:
    """What the log says of handing a mail to that server twice; no mail may get through."""
    transport = Transport(Server.of(url), seconds=5)
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(Unreachable):
                await transport.send("a@example.com", "b@example.com", b"Subject: x\r\n\r\nx")
    (said,) = logs
    assert said["event"] == "mail_server_fails"
    return str(said["reason"])


async def test_mail_is_handed_over_to_a_server_that_the_company_vouches_for(tls_sink: Sink) -> None:
    for url in (tls_sink.url, tls_sink.url.replace("//", "//user:pass%2Fword@")):
        transport = Transport(Server.of(url), seconds=5)
        await transport.send("a@example.com", "b@example.com", b"Subject: x\r\n\r\nx")
        await transport.rest()
        assert tls_sink.encrypted
        assert tls_sink.signed_in == ("user" in url)
    assert [one.rcpt_tos for one in tls_sink.envelopes] == [["b@example.com"]] * 2


async def test_a_server_that_is_not_believed_gets_no_mail_and_the_log_says_why_once(
    tls_sink: Sink, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CertificateAuthority(scratch / "stranger").file))
    assert "certificate verify failed: unable to get local issuer certificate" in await _trouble_with(tls_sink.url)
    assert tls_sink.envelopes == []


async def test_a_server_under_another_name_than_its_certificates_gets_no_mail(tls_sink: Sink) -> None:
    reason = await _trouble_with(tls_sink.url.replace("127.0.0.1", "localhost"))
    assert "certificate is not valid for 'localhost'" in reason
    assert tls_sink.envelopes == []


@pytest.mark.parametrize("asked", ["smtp://{}?starttls=required", "smtp://user:word@{}"])
async def test_a_server_without_tls_gets_neither_mail_nor_password_where_tls_is_asked_for(
    sink: Sink, asked: str
) -> None:
    assert "STARTTLS extension not supported" in await _trouble_with(asked.format(sink.url.removeprefix("smtp://")))
    assert sink.envelopes == []


async def test_a_refused_password_is_said_and_not_shown(tls_sink: Sink) -> None:
    reason = await _trouble_with(tls_sink.url.replace("//", "//canary:canary@"))
    assert reason == "it refuses the user or the password (535)"
    assert tls_sink.envelopes == []


async def test_trouble_is_said_again_after_the_server_has_taken_a_mail(sink: Sink) -> None:
    transport = Transport(Server.of(sink.url), seconds=5)
    with capture_logs() as logs:
        for taken in (False, True, False):
            sink.recipient_answers.extend([] if taken else [DROP])
            with nullcontext() if taken else pytest.raises(Unreachable):
                await transport.send("a@example.com", "b@example.com", b"Subject: x\r\n\r\nx")
    await transport.rest()
    assert [one["event"] for one in logs] == ["mail_server_fails"] * 2


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [(b"554 canary\r\n", "it answers 554 before it is given a mail"), (b"", "it does not answer within 2 s")],
)
async def test_a_server_that_greets_nobody_is_told_of_by_its_code_alone(greeting: bytes, reason: str) -> None:
    over = asyncio.Event()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        transport = Transport(Server.of(f"smtp://127.0.0.1:{port}"), seconds=2)
        with capture_logs() as logs, pytest.raises(Unreachable):
            await transport.send("a@example.com", "b@example.com", b"x")
        await over.wait()
    assert [(one["server"], one["port"], one["reason"]) for one in logs] == [("127.0.0.1", port, reason)]


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:99999",
        "smtps://user:can/ary@mail.example.com",
        "smtps://user:can#ary@mail.example.com",
        "smtp://user:canary@mail.example.com?starttls=require",
    ],
)
def test_a_wrong_url_ends_the_process_with_a_sentence_and_never_with_the_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENTORSHIP_DATABASE_URL", "postgresql://notifications@127.0.0.1/notifications")
    monkeypatch.setenv("MENTORSHIP_SMTP_URL", url)
    with pytest.raises(SystemExit, match="MENTORSHIP_SMTP_URL: must look like") as ended:
        service()
    assert "can" not in str(ended.value)
    assert ended.value.__suppress_context__, "a traceback would show what was given"


@pytest.mark.parametrize(
    ("url", "port", "tls", "starttls"),
    [
        ("smtp://h", 25, False, None),
        ("smtp://u:p@h:587", 587, False, True),
        ("smtp://u:p@h?starttls=offered", 25, False, None),
        ("smtp://u:p@h?starttls=never", 25, False, False),
        ("smtp://h?starttls=required", 25, False, True),
        ("smtps://u:p@h", 465, True, False),
    ],
)
def test_where_and_whether_encrypted_is_in_the_url(url: str, port: int, tls: bool, starttls: bool | None) -> None:
    server = Server.of(url)
    assert (server.port, server.tls, server.starttls) == (port, tls, starttls)
