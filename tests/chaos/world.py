"""What the platform says of itself after a fault run, read from its databases as an auditor would."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg

from mentorship.local.home import Home, Platform


async def rows(platform: Platform, service: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    """Rows of a service's own database."""
    connection = await asyncpg.connect(platform.database_url(service))
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()


async def directory(platform: Platform, people: Sequence[str]) -> dict[str, tuple[int, str, int]]:
    """Matching's directory: version, department and level."""
    found = await rows(
        platform, "matching", "SELECT employee_id, version, document FROM employee WHERE employee_id = ANY($1)", people
    )
    documents = {row["employee_id"]: (row["version"], json.loads(row["document"])) for row in found}
    return {one: (version, document["department"], document["level"]) for one, (version, document) in documents.items()}


async def figures_directory(platform: Platform, people: Sequence[str]) -> dict[str, tuple[int, str, int]]:
    """What analytics knows of employees: version, department and level."""
    found = await rows(
        platform,
        "analytics",
        "SELECT employee_id, version, department, level FROM employee WHERE employee_id = ANY($1)",
        people,
    )
    return {row["employee_id"]: (row["version"], row["department"], row["level"]) for row in found}


async def addresses(platform: Platform, people: Sequence[str]) -> dict[str, tuple[int, str, str]]:
    """What notifications knows of employees: version, name and mail address."""
    found = await rows(
        platform,
        "notifications",
        "SELECT employee_id, version, name, email FROM address WHERE employee_id = ANY($1)",
        people,
    )
    return {row["employee_id"]: (row["version"], row["name"], row["email"]) for row in found}


async def sessions(platform: Platform) -> dict[str, tuple[str, Any, int]]:
    """Status, start and calendar sequence of every session."""
    found = await rows(platform, "sessions", "SELECT session_id, status, starts_at, calendar_sequence FROM session")
    return {str(row["session_id"]): (row["status"], row["starts_at"], row["calendar_sequence"]) for row in found}


async def session_states(platform: Platform) -> dict[str, str]:
    """What analytics knows of sessions."""
    found = await rows(platform, "analytics", "SELECT session_id, status FROM session")
    return {str(row["session_id"]): row["status"] for row in found}


async def relationships(platform: Platform) -> set[str]:
    """Every open relationship."""
    found = await rows(platform, "sessions", "SELECT relationship_id FROM relationship WHERE status = 'open'")
    return {str(row["relationship_id"]) for row in found}


async def messages(platform: Platform, kind: str) -> Counter[tuple[str, str]]:
    """How many messages of a kind stand in each person's inbox."""
    found = await rows(
        platform,
        "notifications",
        "SELECT employee_id, kind, count(*) AS n FROM message WHERE channel = 'in_app' AND kind = $1 GROUP BY 1, 2",
        kind,
    )
    return Counter({(row["employee_id"], row["kind"]): row["n"] for row in found})


class Mail(NamedTuple):
    """What notifications says of a mail."""

    status: str
    unconfirmed: int


async def mails(platform: Platform) -> dict[str, Mail]:
    """Every mail that was ever meant, by its Message-ID's left part."""
    found = await rows(
        platform, "notifications", "SELECT message_id, status, unconfirmed FROM message WHERE channel = 'email'"
    )
    return {str(row["message_id"]): Mail(row["status"], row["unconfirmed"]) for row in found}


def arrivals(home: Home) -> Counter[str]:
    """How often each mail was given to the sink."""
    with (home.folder / "mail.jsonl").open() as lines:
        return Counter(json.loads(line)["message_id"].strip("<>").partition("@")[0] for line in lines)
