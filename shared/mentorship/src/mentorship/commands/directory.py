"""`mentorship directory`: HR's facts as matching knows them, for a broker that lost HR's events."""

import typer

from mentorship import broker, terminal
from mentorship.progress import progress
from mentorship.service_databases import DatabaseUrl

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Republish employees from matching's directory.")


@app.callback()
def _group() -> None:
    """Keep `republish` a command of its own, although it is the only one."""


@app.command()
def republish(
    database: str | None = DatabaseUrl,
    wait: bool = typer.Option(True, "--wait/--no-wait", help="Return when the relay has published it all."),
    as_json: bool = terminal.Json,
) -> None:
    """Publish every employee again at the version that matching knows, through matching's outbox.

    Who has that version already takes no notice; who lost it, or is new, has everybody back.
    """
    from mentorship.service_databases import database_urls

    url = database_urls(["matching"], database)["matching"]
    counts = broker.run(lambda: _republished(url, wait))
    if as_json:
        terminal.print_json(counts)
        return
    terminal.print_table("Republished", ("Event", "Employees"), counts.items())


async def _republished(url: str, wait: bool) -> dict[str, int]:
    from mentorship.hr_directory import republish as publish_again
    from mentorship.outboxes import emptied
    from mentorship.service_databases import opened

    async with opened("matching", url) as connection:  # says plainly where the database does not answer
        counts = await publish_again(url)
        if wait:
            with progress("matching", sum(counts.values())) as relayed:
                await emptied("matching", connection, relayed)
    return counts
