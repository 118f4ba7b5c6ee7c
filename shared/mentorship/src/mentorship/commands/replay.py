"""`mentorship replay`: a projection rebuilt from its streams."""

from pathlib import Path
from typing import Any

import typer

from mentorship import broker, terminal
from mentorship.progress import progress
from mentorship.rebuilding import Rebuilt
from mentorship.service_databases import DatabaseUrl
from mentorship.topology import Consumer


def replay(
    service: str = typer.Argument(..., help="Such as analytics."),
    consumer: str | None = typer.Argument(None, help="One projection of it, such as record-matches; else all."),
    topology: Path | None = typer.Option(None, "--topology", envvar="MENTORSHIP_TOPOLOGY"),
    database: str | None = DatabaseUrl,
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """Rebuild projections from the first event on, while the service runs, and compare.

    Handlers with effects are never replayed this way. Exit code 1 where the rebuilt tables differ: events that
    came meanwhile, or a projection that an older version of the service had written.
    """
    from mentorship.publishers import known
    from mentorship.rebuilding import projections
    from mentorship.service_databases import database_urls

    durables = projections(known(topology).consumers, service, consumer)
    url = database_urls([service], database)[service]
    access = broker.access("operator", nats, credentials)
    results = broker.run(lambda: _rebuilt(service, durables, url, access))
    same = all(one.before == one.after for one in results)
    _show(results, as_json)
    if not same:
        raise typer.Exit(1)


async def _rebuilt(service: str, durables: list[Consumer], url: str, access: broker.Access) -> list[Rebuilt]:
    from mentorship.rebuilding import begin_anew, caught_up, contents, empty, stop
    from mentorship.service_databases import opened

    async with broker.connected(access) as nc, opened(service, url) as connection:
        terminal.err.print(f"Stopping {len(durables)} consumers ...")
        await stop(nc, durables)
        before = await contents(connection, durables)
        await empty(connection, durables)
        total = await begin_anew(nc, durables)
        with progress("replaying", total) as heard:
            await caught_up(nc, durables, total, heard)
        after = await contents(connection, durables)
    return [Rebuilt(table, before[table], after[table]) for table in before]


def _show(results: list[Rebuilt], as_json: bool) -> None:
    if as_json:
        terminal.print_json([_as_json(one) for one in results])
        return
    rows = [
        (one.table, one.before.rows, one.after.rows, "identical" if one.before == one.after else "differs")
        for one in results
    ]
    terminal.print_table("Rebuilt", ("Table", "Rows before", "Rows after", "Content"), rows)


def _as_json(one: Rebuilt) -> dict[str, Any]:
    same = one.before == one.after
    return {"table": one.table, "rows_before": one.before.rows, "rows_after": one.after.rows, "identical": same}
