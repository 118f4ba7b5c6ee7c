"""Looks at every part of the platform and says what is there, what waits, and what is the matter."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import nats
import psutil
from nats.aio.client import Client
from nats.errors import Error as NatsError

from chassis.revisions import head_of
from mentorship.local import fleet
from mentorship.local.databases import SERVICES, connected
from mentorship.local.home import Platform
from mentorship.problem import Problem
from mentorship.topology import load, plan
from mentorship.topology.jetstream import Config, Refusal, call
from mentorship.topology.permissions import OPERATOR

LATE_SECONDS = 60.0
"""What waits longer than this is worth a look."""

_OUTBOX = (
    "SELECT count(*) AS waiting, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float AS age"
    " FROM outbox WHERE published_at IS NULL"
)
# Repeated and reordered events are what any transport makes of one source; these are disagreements.
_REFUSALS = (
    "SELECT source, reason, refused, last_at FROM hr_refusal"
    " WHERE reason IN ('stale', 'erased', 'undeclared_source', 'foreign_type') ORDER BY source, reason"
)
# The same question as that of matching's own route for operators.
_ERASURES = (
    "SELECT count(DISTINCT employee_id) AS people, count(DISTINCT sequence) AS messages,"
    " coalesce(extract(epoch FROM clock_timestamp() - min(greatest(erased_at, hr_erasure.noted_at))), 0)::float AS age"
    " FROM hr_erasure JOIN hr_message USING (sequence) JOIN erased_employee USING (employee_id)"
)


@dataclass
class Findings:
    """What was found; `problems` are sentences, none where all is well."""

    processes: list[dict[str, Any]] = field(default_factory=list)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    databases: dict[str, dict[str, Any]] = field(default_factory=dict)
    outbox: dict[str, dict[str, Any]] = field(default_factory=dict)
    consumers: list[dict[str, Any]] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    dead_letters: dict[str, int] = field(default_factory=dict)
    stale_hr: list[dict[str, Any]] = field(default_factory=list)
    erasures: dict[str, Any] = field(default_factory=dict)
    """How many erased people the stream of HR's events still names, in how many messages, and since when."""
    problems: list[str] = field(default_factory=list)


async def inspect(platform: Platform) -> Findings:
    """Look at everything; what cannot be looked at is a problem, not an error."""
    found = Findings()
    _look_at_processes(platform, found)
    await asyncio.gather(
        _look_at_nats(platform, found),
        *(_look_at_service(platform, service, found) for service in SERVICES),
        *(_look_at_database(platform, service, found) for service in SERVICES),
    )
    found.consumers.sort(key=lambda consumer: (consumer["stream"], consumer["name"]))
    for named in (found.services, found.databases, found.outbox):
        for name in [service for service in SERVICES if service in named]:
            named[name] = named.pop(name)
    return found


def _look_at_processes(platform: Platform, found: Findings) -> None:
    own = {"supervisor": (platform.state.pid, "running", 0)} if platform.state.pid else {}
    children = {one.name: (one.pid, one.state, one.restarts) for one in platform.state.processes.values()}
    for name, (pid, state, restarts) in (own | children).items():
        megabytes = _megabytes(pid, with_children=name == "postgres")
        shown = state if megabytes is not None else "restarting"
        found.processes.append({"name": name, "pid": pid, "state": shown, "restarts": restarts, "megabytes": megabytes})
        if shown != "running":
            found.problems.append(f"{name} is {shown}: `mentorship logs {name}` shows why.")


def _megabytes(pid: int | None, *, with_children: bool) -> int | None:
    """The process's proportional share of memory; None where it does not live."""
    try:
        process = psutil.Process(pid)
        others = process.children() if with_children else []
        return sum(_share(one) for one in (process, *others)) >> 20
    except (psutil.Error, ValueError):
        return None


def _share(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except psutil.Error:  # another user's, or gone meanwhile
        return 0
    return int(getattr(memory, "pss", memory.uss))


async def _look_at_service(platform: Platform, service: str, found: Findings) -> None:
    url = platform.service_url(service)
    ready = await asyncio.to_thread(fleet.answers, url)
    found.services[service] = {"url": url, "ready": ready}
    if not ready:
        found.problems.append(f"{service} is not ready: see {url}/readyz.")


async def _look_at_database(platform: Platform, service: str, found: Findings) -> None:
    newest = head_of(service)
    try:
        async with asyncio.timeout(5), connected(platform.database_url(service)) as database:
            revision = await database.fetchval("SELECT version_num FROM alembic_version")
            (outbox,) = await database.fetch(_OUTBOX)
            refusals = await database.fetch(_REFUSALS) if service == "matching" else []
            erasures = await database.fetch(_ERASURES) if service == "matching" else []
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        found.databases[service] = {"revision": None, "newest": newest}
        found.problems.append(f"The database of {service} does not answer ({type(error).__name__}).")
        return
    found.databases[service] = {"revision": revision, "newest": newest}
    found.outbox[service] = {"waiting": outbox["waiting"], "oldest_seconds": round(outbox["age"], 1)}
    found.stale_hr += [dict(row) for row in refusals]
    for row in erasures:
        found.erasures = {key: row[key] for key in ("people", "messages")} | {"oldest_seconds": round(row["age"], 1)}
        if row["age"] > LATE_SECONDS:
            found.problems.append(f"{row['people']} erased people are still named in the stream HR.")
    if revision != newest:
        found.problems.append(f"The database of {service} is at revision {revision}, the code at {newest}.")
    if outbox["age"] > LATE_SECONDS:
        found.problems.append(f"{outbox['waiting']} events of {service} wait in its outbox.")


async def _look_at_nats(platform: Platform, found: Findings) -> None:
    try:
        operator = await nats.connect(
            platform.nats_url,
            user_credentials=str(platform.credentials(OPERATOR)),
            inbox_prefix=f"_INBOX_{OPERATOR}",
            allow_reconnect=False,
            connect_timeout=3,
            error_cb=_silently,
        )
    except (NatsError, OSError, TimeoutError):
        found.problems.append("NATS does not answer.")
        return
    try:
        async with asyncio.timeout(15):
            await _look_at_streams(operator, platform, found)
    except (Problem, Refusal, NatsError, TimeoutError) as error:
        found.problems.append(f"NATS cannot be looked at: {error}")
    finally:
        await operator.close()


async def _look_at_streams(operator: Client, platform: Platform, found: Findings) -> None:
    topology = load(local_publishers=platform.home.publishers_file)
    changes = await plan(operator, topology, "home")
    found.drift = [f"{change.action} {change.kind} {change.name}" for change in changes]
    if found.drift:
        found.problems.append(f"NATS differs from the topology in {len(found.drift)}: `mentorship topology plan`.")
    for stream in topology.streams:
        listed = await call(operator, f"CONSUMER.LIST.{stream}")
        for info in listed.get("consumers") or []:
            if info["config"].get("durable_name"):
                found.consumers.append(await _consumer(operator, stream, info))
    late = [one["name"] for one in found.consumers if one["oldest_seconds"] > LATE_SECONDS]
    if late:
        found.problems.append(f"These consumers are behind: {', '.join(late)}.")
    letters = await call(operator, "STREAM.INFO.DLQ", {"subjects_filter": ">"})
    found.dead_letters = {
        subject.removeprefix("mentorship.dlq."): number
        for subject, number in sorted((letters["state"].get("subjects") or {}).items())
    }
    if found.dead_letters:
        found.problems.append(f"{sum(found.dead_letters.values())} dead letters wait: `mentorship dlq list`.")


async def _consumer(operator: Client, stream: str, info: Config) -> dict[str, Any]:
    waiting = info["num_pending"] + info["num_ack_pending"]
    return {
        "stream": stream,
        "name": info["name"],
        "pending": info["num_pending"],
        "unacknowledged": info["num_ack_pending"],
        "redelivered": info["num_redelivered"],
        "oldest_seconds": await _oldest(operator, stream, info) if waiting else 0.0,
    }


async def _oldest(operator: Client, stream: str, info: Config) -> float:
    """Age of the oldest message that a durable has not acknowledged."""
    config, after = info["config"], info["ack_floor"]["stream_seq"] + 1
    ages = [0.0]
    for subject in config.get("filter_subjects") or [config.get("filter_subject") or ">"]:
        try:
            found = await call(operator, f"STREAM.MSG.GET.{stream}", {"seq": after, "next_by_subj": subject})
        except Refusal:
            continue
        stored = datetime.fromisoformat(found["message"]["time"][:19] + "+00:00")
        ages.append(time.time() - stored.timestamp())
    return round(max(ages), 1)


async def _silently(_: Exception) -> None:
    """What goes wrong with the connection reaches us as errors of what we asked for."""
