"""`mentorship outbox`: events that wait for NATS, and a lost broker refilled."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from mentorship import broker, terminal
from mentorship.outboxes import OutboxStatus
from mentorship.progress import progress
from mentorship.service_databases import DatabaseUrl, ServiceNames

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Look into and republish the outboxes.")


@app.command()
def status(
    service: list[str] | None = ServiceNames, database: str | None = DatabaseUrl, as_json: bool = terminal.Json
) -> None:
    """Show what waits for its relay, and what is kept to refill a broker with."""
    from mentorship.service_databases import database_urls

    found = broker.run(lambda: _statuses(database_urls(service, database)))
    if as_json:
        terminal.print_json([asdict(one) for one in found])
        return
    rows = [
        (one.service, one.waiting, _seconds(one), one.kept, one.kept_since and f"{one.kept_since:%Y-%m-%d %H:%M:%S}")
        for one in found
    ]
    terminal.print_table("Outboxes", ("Service", "Waiting", "Oldest", "Kept", "Since (UTC)"), rows)


@app.command()
def republish(
    since: str = typer.Option(..., "--since", help="2h, 3d, or a time such as 2026-05-17T08:00Z."),
    service: list[str] | None = ServiceNames,
    database: str | None = DatabaseUrl,
    wait: bool = typer.Option(True, "--wait/--no-wait", help="Return when the relays have published it all."),
    as_json: bool = terminal.Json,
) -> None:
    """Publish again what was published since then, for a broker that lost its data.

    Events keep their ids, so nothing that was handled is handled again.
    """
    from mentorship.service_databases import database_urls, instant

    start = instant(since, datetime.now(UTC))
    counts = broker.run(lambda: _republished(database_urls(service, database), start, wait))
    if as_json:
        terminal.print_json(counts)
        return
    terminal.print_table(f"Since {start:%Y-%m-%d %H:%M:%S} UTC", ("Service", "Events"), counts.items())


async def _statuses(urls: Mapping[str, str]) -> list[OutboxStatus]:
    from mentorship.outboxes import status_of
    from mentorship.service_databases import opened

    found = []
    for service, url in urls.items():
        async with opened(service, url) as connection:
            found.append(await status_of(service, connection))
    return found


async def _republished(urls: Mapping[str, str], since: datetime, wait: bool) -> dict[str, int]:
    from mentorship.outboxes import emptied
    from mentorship.outboxes import republish as publish_again
    from mentorship.service_databases import opened

    counts = {}
    for service, url in urls.items():
        async with opened(service, url) as connection:
            counts[service] = await publish_again(connection, since)
            if wait and counts[service]:
                with progress(service, counts[service]) as relayed:
                    await emptied(service, connection, relayed)
    return counts


def _seconds(status: OutboxStatus) -> str | None:
    return f"{status.oldest_waiting_seconds:.0f} s" if status.waiting else None
