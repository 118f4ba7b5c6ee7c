"""All four services in this process without a bus between them; every request is undone where a test wants that."""

import json
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

import analytics.main
import matching.main
import matching.settings
import notifications.main
import notifications.settings
import sessions.main
import sessions.settings
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.transaction import Database, Tx
from contracts.event import Event
from mentorship.local.issuer import Issuer
from tests.fixtures.databases import Databases
from tests.fixtures.hearing import hand_over, received

UNSUBSCRIBE_KEY = "k" * 32
SERVICES = ("matching", "sessions", "notifications", "analytics")


class Undone:
    """A service's database whose every transaction is taken back at its end: no request sees what another did."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction that does everything but commit."""
        async with self._database.engine.connect() as connection, connection.begin() as transaction:
            tx = Tx(connection, self._database.source, datetime.now(UTC))
            try:
                yield tx
                await tx.flush()
            finally:
                await transaction.rollback()


class Stage:
    """The services, and a client of each."""

    def __init__(
        self, services: Mapping[str, Service], clients: Mapping[str, httpx.AsyncClient], issuer: Issuer
    ) -> None:
        self.services = services
        self._clients = clients
        self._issuer = issuer

    def rehearse(self) -> None:
        """From here on nothing that a request does stays."""
        for service in self.services.values():
            undone = Undone(service.database)
            service.app.state.edge = replace(service.app.state.edge, database=lambda undone=undone: undone)

    def perform(self) -> None:
        """From here on requests do what they do."""
        for service in self.services.values():
            service.app.state.edge = replace(service.app.state.edge, database=lambda service=service: service.database)

    def headers(self, who: str, *roles: str) -> dict[str, str]:
        """The headers of somebody's request; nobody's are empty."""
        return {"Authorization": f"Bearer {self._issuer.token(who, roles)}"} if who else {}

    async def ask(self, service: str, method: str, path: str, **request: Any) -> httpx.Response:
        """One request to a service."""
        return await self._clients[service].request(method, path, **request)

    async def done(self, service: str, call: str, who: dict[str, str], body: Any = None) -> Any:
        """A request that has to succeed; gives its answer."""
        method, path = call.split(" ")
        answer = await self.ask(service, method, f"/v1{path}", headers=who, json=body)
        assert answer.is_success, f"{call}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def hear(self, event: Event, version: int = 1) -> None:
        """Hand an event to every service that subscribes to it, each in a transaction of its own."""
        message = received(event, version)
        for service in self.services.values():
            for row in (row for row in service.subscriptions if type(event) in row.events):
                await hand_over(service.database, row, message)

    async def sql(self, service: str, statement: str, **values: Any) -> list[Any]:
        """Rows of a service's own database."""
        async with self.services[service].database.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []


@asynccontextmanager
async def opened(postgres: Databases, issuer: Issuer, folder: Path) -> AsyncIterator[Stage]:
    """The four services over fresh databases until the end of the block."""
    async with AsyncExitStack() as stack:
        services, clients = {}, {}
        for name in SERVICES:
            url = await stack.enter_async_context(postgres.database(name))
            service = _service(name, url, issuer, folder)
            service.health.started()
            stack.push_async_callback(service.database.close)
            transport = httpx.ASGITransport(app=service.app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url=f"http://{name}", timeout=60)
            services[name], clients[name] = service, await stack.enter_async_context(client)
        yield Stage(services, clients, issuer)


def _service(name: str, url: str, issuer: Issuer, folder: Path) -> Service:
    usual: dict[str, Any] = {
        "database_url": url,
        "issuer": issuer.url,
        "jwks_url": f"{issuer.url}/.well-known/jwks.json",
        "requests_per_second": 0,
        "database_pool": 3,
    }
    if name == "matching":
        return matching.main.service(matching.settings.MatchingSettings(**usual))
    if name == "sessions":
        keys = folder / "note-keys.json"
        keys.write_text(json.dumps([{"id": "k1", "key": b64encode(secrets.token_bytes(32)).decode()}]))
        return sessions.main.service(sessions.settings.SessionsSettings(note_keys_file=keys, **usual))
    if name == "notifications":
        settings = notifications.settings.NotificationsSettings(unsubscribe_key=UNSUBSCRIBE_KEY, **usual)
        return notifications.main.service(settings)
    return analytics.main.service(ServiceSettings(**usual))
