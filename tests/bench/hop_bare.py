"""The same three processes with Starlette, asyncpg and nats-py alone: no auth, no telemetry, no retries, no checks.

`python -m tests.bench.hop_bare hopa|hopb|hopc`
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import nats
import uvicorn
from nats.aio.msg import Msg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

OUTBOX = """
CREATE TABLE bare_outbox (
    id bigserial PRIMARY KEY, event_id uuid, subject text, payload bytea, published_at timestamptz
);
CREATE INDEX ON bare_outbox (id) WHERE published_at IS NULL;
CREATE TABLE bare_inbox (event_id uuid PRIMARY KEY);
"""


class Bare:
    """One of the three processes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = os.environ["MENTORSHIP_DATABASE_URL"]
        self.wake = asyncio.Event()

    async def start(self) -> None:
        self.pool = await asyncpg.create_pool(self.url, min_size=2, max_size=10)
        self.nc = await nats.connect(os.environ["MENTORSHIP_NATS_URL"])
        self.tasks = [asyncio.create_task(self.relay())]
        if self.name != "hopa":
            self.tasks.append(asyncio.create_task(self.consume()))

    async def relay(self) -> None:
        database = await asyncpg.connect(self.url)
        await database.add_listener("bare", lambda *_: self.wake.set())
        while True:
            self.wake.clear()
            rows = await database.fetch(
                "SELECT id, event_id, subject, payload FROM bare_outbox"
                " WHERE published_at IS NULL ORDER BY id LIMIT 500"
            )
            if not rows:
                await self.wake.wait()
                continue
            await asyncio.gather(
                *(
                    self.nc.request(
                        row["subject"], row["payload"], timeout=5, headers={"Nats-Msg-Id": str(row["event_id"])}
                    )
                    for row in rows
                )
            )
            await database.execute(
                "UPDATE bare_outbox SET published_at = now() WHERE id = ANY($1::bigint[])", [row["id"] for row in rows]
            )

    async def consume(self) -> None:
        stream, durable = ("HOPA", "hopb-echo") if self.name == "hopb" else ("HOPB", "hopc-arrive")
        queue: asyncio.Queue[Msg] = asyncio.Queue()

        async def receive(message: Msg) -> None:
            if message.reply:
                queue.put_nowait(message)

        inbox = self.nc.new_inbox()
        await self.nc.subscribe(inbox, cb=receive)
        while True:
            ask = json.dumps({"batch": 100, "expires": 600_000_000_000}).encode()
            await self.nc.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}", ask, reply=inbox)
            for _ in range(100):
                message = await queue.get()
                await self.handle(json.loads(message.data))
                await message.ack()

    async def handle(self, event: dict[str, str]) -> None:
        async with self.pool.acquire() as database, database.transaction():
            await database.execute("INSERT INTO bare_inbox VALUES ($1) ON CONFLICT DO NOTHING", UUID(event["id"]))
            if self.name == "hopc":
                await database.execute("INSERT INTO arrived VALUES ($1)", UUID(event["item_id"]))
            else:
                await self.store(database, event, "mentorship.hopb.thing.echoed.v1")

    async def post(self, request: Request) -> JSONResponse:
        body = await request.json()
        async with self.pool.acquire() as database, database.transaction():
            await self.store(database, body, "mentorship.hopa.thing.made.v1")
        return JSONResponse({"item_id": body["item_id"]}, 201)

    async def store(self, database: "asyncpg.pool.PoolConnectionProxy", event: dict[str, str], subject: str) -> None:
        event_id = uuid4()
        payload = json.dumps({**event, "id": str(event_id)}).encode()
        await database.execute("INSERT INTO item VALUES ($1, $2)", UUID(event["item_id"]), event["filling"])
        await database.execute(
            "INSERT INTO bare_outbox (event_id, subject, payload) VALUES ($1, $2, $3)", event_id, subject, payload
        )
        await database.execute("NOTIFY bare")


def application(name: str) -> Starlette:
    """The ASGI application of one process."""
    bare = Bare(name)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await bare.start()
        yield
        for task in bare.tasks:
            task.cancel()

    return Starlette(routes=[Route("/v1/items", bare.post, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(
        application(sys.argv[1]),
        host="127.0.0.1",
        port=int(os.environ["MENTORSHIP_PORT"]),
        log_config=None,
        access_log=False,
    )
