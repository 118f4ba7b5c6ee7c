"""NATS and PostgreSQL that let nobody in without TLS, under a certificate authority of the company's own."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from chassis.auth import fetch_jwks
from mentorship.credentials import Authority
from mentorship.local.issuer import Issuer
from mentorship.local.nats import NatsServer
from mentorship.natsserver import ServerSettings, server_config
from mentorship.topology import load, mint_users
from tests.chassis import probe
from tests.eventually import eventually
from tests.fixtures import bus as buses
from tests.fixtures.bus import Bus
from tests.fixtures.certificates import CertificateAuthority
from tests.fixtures.databases import Databases
from tests.fixtures.engine import Nats
from tests.fixtures.services import Runner, Running
from tests.fixtures.tls_postgres import behind_tls


@pytest.fixture
def company(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> CertificateAuthority:
    """The authority that this process is told to believe."""
    authority = CertificateAuthority(scratch / "company")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


@pytest.fixture
def stranger(scratch: Path) -> CertificateAuthority:
    """Another one."""
    return CertificateAuthority(scratch / "stranger")


class TlsNats(NatsServer):
    @property
    def url(self) -> str:
        return super().url.replace("nats://", "tls://")


@pytest.fixture
def nats(scratch: Path, company: CertificateAuthority, authority: Authority) -> Iterator[TlsNats]:
    """A nats-server that asks for TLS."""
    certificate, key = company.certificate()

    def configure(server: NatsServer) -> str:
        settings = ServerSettings(server.store, 20 << 30, port=server.port, monitor_port=server.monitor_port)
        return server_config(authority, settings) + f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}\n'

    server = TlsNats(scratch / "nats", configure=configure)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def bus(nats: TlsNats, authority: Authority) -> AsyncIterator[Bus]:
    """The bus of that server, in place of the session's."""
    async with buses.opened(nats.url, authority) as bus:
        yield bus


async def test_a_service_hears_and_speaks_over_tls_and_after_the_server_came_back(
    bus: Bus, nats: TlsNats, running: Runner, probe_url: str
) -> None:
    async with running(probe.service, probe_url, name="probe"):
        await bus.publish(probe.goal("first"))
        await bus.settled()
        nats.stop()
        nats.start()
        await eventually(_reconnects_of(bus), 1)
        await bus.publish(probe.goal("second"))
        await bus.settled()
        echoes = await bus.data("mentorship.probe.echo.made.v1")
    assert [echo["code"] for echo in echoes] == ["first", "second"]


async def test_a_service_says_that_it_does_not_believe_the_server_and_waits(
    running: Runner,
    bus: Bus,
    probe_url: str,
    stranger: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    company = os.environ["SSL_CERT_FILE"]
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger.file))
    async with running(probe.service, probe_url, name="probe", subscriptions=probe.SUBSCRIPTIONS) as here:
        await _said(capfd, "certificate verify failed: unable to get local issuer certificate")
        assert (await here.client.get("/startupz")).json()["code"] == "starting"
        monkeypatch.setenv("SSL_CERT_FILE", company)
        await eventually(_status(here, "/startupz"), 200, seconds=20)


async def test_a_service_asked_for_tls_does_not_speak_without(
    nats_server: Nats, authority: Authority, issuer: Issuer, probe_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    plain = nats_server.url.replace("nats://", "tls://")
    async with (
        buses.opened(nats_server.url, authority) as bus,
        Runner(bus, issuer)(probe.service, probe_url, name="probe", subscriptions=probe.SUBSCRIPTIONS, nats_url=plain),
    ):
        await _said(capfd, "the server does not speak TLS")


def test_streams_are_made_over_tls_and_not_at_a_server_that_is_not_believed(
    nats: TlsNats, stranger: CertificateAuthority, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = mint_users(authority, load())["operator"]
    made = _topology_applied(f"{nats.url},{nats.url}", operator)
    assert made.returncode == 0, made.stderr
    assert "HR" in made.stdout
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger.file))
    refused = _topology_applied(nats.url, operator)
    assert refused.returncode == 1
    assert "certificate verify failed: unable to get local issuer certificate" in refused.stderr


@pytest.fixture
async def tls_url(probe_url: str, company: CertificateAuthority) -> AsyncIterator[str]:
    """The probe's database, which turns away whoever comes without TLS."""
    async with behind_tls(probe_url, *company.certificate()) as url:
        yield url


@pytest.mark.parametrize("told", ["in the URL", "by the environment"])
async def test_a_service_keeps_its_rows_and_relays_over_tls(
    nats_server: Nats,
    authority: Authority,
    issuer: Issuer,
    tls_url: str,
    company: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
    told: str,
) -> None:
    if told == "in the URL":
        tls_url += f"?sslmode=verify-full&sslrootcert={company.file}"
    else:
        monkeypatch.setenv("PGSSLMODE", "verify-full")
        monkeypatch.setenv("PGSSLROOTCERT", str(company.file))
    async with (
        buses.opened(nats_server.url, authority) as bus,
        Runner(bus, issuer)(probe.service, tls_url, name="probe") as here,
    ):
        await bus.publish(probe.goal("kept"))
        await bus.settled()
        assert (await here.client.get("/readyz")).status_code == 200
        echoes = await bus.data("mentorship.probe.echo.made.v1")
    assert [echo["code"] for echo in echoes] == ["kept"]


@pytest.mark.parametrize("settings", ["?sslmode=disable", "?sslmode=verify-full&sslrootcert={stranger}"])
async def test_a_service_is_not_ready_while_it_does_not_believe_its_database(
    nats_server: Nats, authority: Authority, issuer: Issuer, tls_url: str, stranger: CertificateAuthority, settings: str
) -> None:
    url = tls_url + settings.format(stranger=stranger.file)
    async with (
        buses.opened(nats_server.url, authority) as bus,
        Runner(bus, issuer)(probe.service, url, name="probe") as here,
    ):
        assert (await here.client.get("/readyz")).json()["code"] == "database_away"


async def test_a_database_is_migrated_over_tls_and_not_one_that_is_not_believed(
    postgres: Databases, company: CertificateAuthority, stranger: CertificateAuthority
) -> None:
    async with postgres.empty() as plain, behind_tls(plain, *company.certificate()) as url:
        refused = await asyncio.to_thread(_migrated, f"{url}?sslmode=verify-full&sslrootcert={stranger.file}")
        assert refused.returncode == 1
        assert "certificate verify failed: unable to get local issuer certificate" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        done = await asyncio.to_thread(_migrated, f"{url}?sslmode=verify-full&sslrootcert={company.file}")
        assert done.returncode == 0, done.stderr


def _migrated(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chassis.migrate", "analytics"],
        env=os.environ | {"MENTORSHIP_MIGRATION_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


async def test_the_issuers_keys_are_fetched_from_whom_the_company_vouches_for(
    company: CertificateAuthority, stranger: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*company.certificate())

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"keys":[]}')
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
        assert await fetch_jwks(url) == {"keys": []}
        monkeypatch.setenv("SSL_CERT_FILE", str(stranger.file))
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await fetch_jwks(url)


def _topology_applied(url: str, credentials: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mentorship.cli", "topology", "apply", "--nats", url, "--credentials", str(credentials)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


async def _said(capfd: pytest.CaptureFixture[str], words: str) -> None:
    """Return when the log has these words."""
    heard: list[str] = []

    async def read() -> bool:
        heard.append(capfd.readouterr().out)
        return words in "".join(heard)

    await eventually(read, True)


def _status(here: Running, path: str) -> Callable[[], Awaitable[int]]:
    async def read() -> int:
        return (await here.client.get(path)).status_code

    return read


def _reconnects_of(bus: Bus) -> Callable[[], Awaitable[int]]:
    async def read() -> int:
        return bus.nc.stats["reconnects"]

    return read
