"""`mentorship topology`: what NATS should hold, what it does hold, and making the one like the other."""

from pathlib import Path
from typing import Any

import typer

from mentorship import broker, terminal
from mentorship.problem import Problem
from mentorship.topology import Change, Topology, load
from mentorship.topology.model import Profile, default_path

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Plan, apply and compare NATS streams and consumers."
)

TopologyFile = typer.Option(
    None, "--topology", envvar="MENTORSHIP_TOPOLOGY", help="The topology file; consumers.yaml is read beside it."
)
ProfileName = typer.Option("home", "--profile", help="home: one server; production: a cluster of three.")


@app.command()
def plan(
    topology: Path | None = TopologyFile,
    profile: Profile = ProfileName,
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """Show what apply would do."""
    _show(_compare(topology, profile, nats, credentials), as_json, "NATS is as declared.", "To do")


@app.command()
def drift(
    topology: Path | None = TopologyFile,
    profile: Profile = ProfileName,
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """Show what differs from the declaration; exit code 1 where something does."""
    found = _compare(topology, profile, nats, credentials)
    _show(found, as_json, "No drift.", "Drift")
    if found:
        raise typer.Exit(1)


@app.command()
def apply(
    topology: Path | None = TopologyFile,
    profile: Profile = ProfileName,
    nats: str | None = broker.NatsUrl,
    credentials: Path | None = broker.Credentials,
    as_json: bool = terminal.Json,
) -> None:
    """Make NATS as declared. Nothing is ever deleted."""
    from mentorship.topology import apply as make_so

    wanted, access = _loaded(topology), broker.access("operator", nats, credentials)

    async def work() -> list[Change]:
        async with broker.connected(access) as connection:
            return await make_so(connection, wanted, profile)

    _show(broker.run(work), as_json, "NATS was as declared already.", "Done")


@app.command()
def generate(
    topology: Path | None = TopologyFile,
    check: bool = typer.Option(False, "--check", help="Write nothing; exit code 1 if the file is stale."),
) -> None:
    """Write consumers.yaml from the subscriber tables of the installed services."""
    from mentorship.topology.generate import consumers_text

    path, text = (topology or default_path()).with_name("consumers.yaml"), consumers_text()
    if path.exists() and path.read_text() == text:
        terminal.say(f"{path.name} is up to date.")
    elif check:
        raise Problem(f"{path} is stale: run `mentorship topology generate` and commit it.")
    else:
        path.write_text(text)
        terminal.say(f"{path.name} is written.")


@app.command()
def credentials(
    folder: Path = typer.Option(..., "--folder", help="Keys and users' credentials; made where missing."),
    topology: Path | None = TopologyFile,
    server_config: Path | None = typer.Option(None, "--server-config", help="Also write nats-server's configuration."),
    profile: Profile = ProfileName,
    store: Path = typer.Option(Path("/data"), "--store", help="Where that server keeps its streams."),
    host: str = typer.Option("0.0.0.0", "--host", help="Where that server listens."),
) -> None:
    """Write the credential of every NATS user, with the permissions of the topology of today."""
    from mentorship.credentials import Authority
    from mentorship.natsserver import ServerSettings
    from mentorship.natsserver import server_config as config_text
    from mentorship.topology import mint_users

    wanted, authority = _loaded(topology), Authority(folder)
    minted = mint_users(authority, wanted)
    if server_config is not None:
        settings = ServerSettings(store, wanted.stored_bytes(profile), host=host)
        server_config.write_text(config_text(authority, settings))
    terminal.say(f"{len(minted)} credentials are in {folder / 'creds'}.")


def _loaded(path: Path | None) -> Topology:
    from mentorship.local.home import Home

    return load(path, local_publishers=Home.find().publishers_file)


def _compare(path: Path | None, profile: Profile, nats: str | None, credentials: Path | None) -> list[Change]:
    from mentorship.topology import plan as find_changes

    wanted, access = _loaded(path), broker.access("operator", nats, credentials)

    async def work() -> list[Change]:
        async with broker.connected(access) as connection:
            return await find_changes(connection, wanted, profile)

    return broker.run(work)


def _show(changes: list[Change], as_json: bool, nothing: str, title: str) -> None:
    if as_json:
        terminal.print_json([_as_json(change) for change in changes])
    elif not changes:
        terminal.say(nothing)
    else:
        rows = [(change.kind, change.name, change.action, _differences(change)) for change in changes]
        terminal.print_table(f"{title}: {len(rows)}", ("Kind", "Name", "Action", "Is -> should be"), rows)


def _as_json(change: Change) -> dict[str, Any]:
    fields = {name: {"is": actual, "should_be": wanted} for name, (actual, wanted) in change.fields.items()}
    return {"kind": change.kind, "name": change.name, "action": change.action, "fields": fields}


def _differences(change: Change) -> str:
    return "\n".join(f"{name}: {actual} -> {wanted}" for name, (actual, wanted) in change.fields.items())
