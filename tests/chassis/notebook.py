"""A service of the tests' own: people keep notes. It has no events, so it needs no bus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, SecretStr
from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid, text

from chassis.application import application
from chassis.health import Health
from chassis.http import (
    Body,
    Caller,
    Cursor,
    IfMatch,
    Missing,
    Page,
    Router,
    Transaction,
    allow,
    etag,
    public,
)
from chassis.ids import uuid7
from chassis.settings import ServiceSettings
from chassis.tables import metadata_with_chassis
from chassis.transaction import Database, Tx

REVISION = "0001"
METADATA = metadata_with_chassis(MetaData())
Table(
    "note",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("version", Integer, nullable=False),
)
Table("leaver", METADATA, Column("employee_id", Text, primary_key=True))
Table("alembic_version", METADATA, Column("version_num", Text, primary_key=True))

Employee = Annotated[Caller, allow("employee")]


class Refused(Exception):
    """A rule of notebooks."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class NewNote(Body):
    words: str
    pages: int = 1


class Note(BaseModel):
    id: UUID
    words: str
    version: int


router = Router(tags=["notes"])


@router.post("/notes", status_code=201)
async def write(note: NewNote, caller: Employee, tx: Transaction, request: Request, response: Response) -> Note:
    made = uuid7()
    await insert(tx, made, caller.subject, note.words)
    response.headers["Location"] = f"/v1/notes/{made}"
    response.headers["ETag"] = etag(1)
    if note.words == "refuse":
        raise Refused("too_plain", "Write something else.")
    if note.words == "refuse politely":
        return JSONResponse({"sorry": True}, 409)  # type: ignore[return-value]
    if note.words == "fail":
        raise RuntimeError(f"{caller.subject} wrote secret words")
    if note.words == "slow":
        await asyncio.sleep(0.3)
    if note.words == "wait":
        await asyncio.wait_for(request.app.state.gate.wait(), 30)
    return Note(id=made, words=note.words, version=1)


@router.get("/notes/{note_id}")
async def read(note_id: UUID, caller: Employee, tx: Transaction, response: Response) -> Note:
    row = await one(tx, note_id, caller.subject)
    response.headers["ETag"] = etag(row.version)
    return row


@router.put("/notes/{note_id}")
async def rewrite(
    note_id: UUID, note: NewNote, caller: Employee, tx: Transaction, if_match: IfMatch, response: Response
) -> Note:
    row = await one(tx, note_id, caller.subject, "FOR UPDATE")
    if_match.check(row.version)
    changed = text("UPDATE note SET words = :words, version = version + 1 WHERE id = :id RETURNING version")
    version = (await tx.connection.execute(changed, {"words": note.words, "id": note_id})).scalar_one()
    response.headers["ETag"] = etag(version)
    return Note(id=note_id, words=note.words, version=version)


@router.get("/notes")
async def listed(caller: Employee, tx: Transaction, cursor: Cursor) -> Page[Note]:
    after = cursor.after(UUID)
    query = text(
        "SELECT id, words, version FROM note WHERE owner = :owner"
        " AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit"
    )
    values = {"owner": caller.subject, "after": after and after[0], "limit": cursor.fetch}
    rows = (await tx.connection.execute(query, values)).all()
    return cursor.page(rows, key=lambda row: (row.id,), item=lambda row: Note(**row._mapping))


@router.post("/bulk", max_body_size=1024 * 1024)
async def bulk(words: dict[str, Any], caller: Employee) -> dict[str, int]:
    return {"size": len(str(words))}


@router.get("/cover", dependencies=[public])
async def cover() -> dict[str, str]:
    return {"title": "Notes"}


@router.get("/count/{number}", dependencies=[public])
async def count(number: int, tx: Transaction) -> dict[str, int]:
    return {"number": (await tx.connection.execute(text("SELECT CAST(:n AS integer)"), {"n": number})).scalar_one()}


@router.get("/admin")
async def admin(caller: Annotated[Caller, allow("platform-admin", "operator")]) -> dict[str, str]:
    return {"who": caller.subject}


async def insert(tx: Tx, note_id: UUID, owner: str, words: str) -> None:
    statement = text("INSERT INTO note (id, owner, words, version) VALUES (:id, :owner, :words, 1)")
    await tx.connection.execute(statement, {"id": note_id, "owner": owner, "words": words})


async def one(tx: Tx, note_id: UUID, owner: str, lock: str = "") -> Note:
    query = text(f"SELECT id, words, version FROM note WHERE id = :id AND owner = :owner {lock}")
    row = (await tx.connection.execute(query, {"id": note_id, "owner": owner})).one_or_none()
    if row is None:
        raise Missing
    return Note(**row._mapping)


async def is_departed(tx: Tx, employee_id: str) -> bool:
    query = text("SELECT EXISTS (SELECT FROM leaver WHERE employee_id = :id)")
    return bool((await tx.connection.execute(query, {"id": employee_id})).scalar_one())


class Notebook:
    """The service, its database and its probes' state."""

    def __init__(self, database: Database, app: FastAPI, health: Health) -> None:
        self.database = database
        self.app = app
        self.health = health

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://notebook", timeout=60) as client:
            yield client

    async def rows(self, statement: str) -> list[Any]:
        async with self.database.engine.connect() as connection:
            return list((await connection.execute(text(statement))).all())

    async def execute(self, statement: str) -> None:
        async with self.database.engine.begin() as connection:
            await connection.execute(text(statement))


def settings_for(url: str, issuer: str, **values: Any) -> ServiceSettings:
    return ServiceSettings(
        database_url=SecretStr(url), issuer=issuer, jwks_url=f"{issuer}/.well-known/jwks.json", **values
    )


@asynccontextmanager
async def opened(url: str, issuer: str, *, pool: int = 10, **values: Any) -> AsyncIterator[Notebook]:
    """The service over an empty database, with its tables made."""
    database = Database(url, "/mentorship/notebook", pool=pool)
    async with database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(text("DELETE FROM alembic_version"))
        await connection.execute(text(f"INSERT INTO alembic_version VALUES ('{REVISION}')"))
    health = Health()
    app = application(
        "notebook",
        settings=settings_for(url, issuer, **values),
        database=lambda: database,
        revision=REVISION,
        routers=[router],
        health_of=health,
        state={"gate": asyncio.Event()},
        refusal=Refused,
        is_departed=is_departed,
    )
    try:
        yield Notebook(database, app, health)
    finally:
        await database.close()
