"""`mentorship publisher`: who may publish HR events as which source."""

import re
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from mentorship import broker, terminal
from mentorship.problem import Problem

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Manage who may publish HR events.")


@app.command()
def add(
    name: str = typer.Argument(..., help="Small letters, digits and dashes."),
    source: str | None = typer.Option(None, "--source", help="CloudEvents source of its events; else /NAME."),
    subject: list[str] | None = typer.Option(
        None, "--subject", help="What it may publish, repeat for several; else hr.employee.>"
    ),
    caller: str | None = typer.Option(
        None, "--caller", help="Subject (sub) of its access tokens, if it publishes over HTTP; else its name."
    ),
    as_json: bool = terminal.Json,
) -> None:
    """Make a NATS user that may publish HR events as one source. The server needs no restart."""
    from mentorship.credentials import Authority
    from mentorship.local.home import Home
    from mentorship.publishers import added_here, known, write
    from mentorship.topology import Publisher, declare_publishers, permissions
    from mentorship.topology.model import NAME

    if not re.fullmatch(NAME, name):
        raise Problem("A publisher's name has small letters, digits and dashes, 32 at most, and begins with a letter.")
    home = Home.find()
    authority = Authority(_existing(home.nats_folder))
    if name in (present := known().publishers):
        raise Problem(f"There is a publisher {name} already, as source {present[name].source}.")
    try:
        publisher = Publisher(source=source or f"/{name}", caller=caller, subjects=tuple(subject or ["hr.employee.>"]))
    except ValidationError as error:
        raise Problem(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from None
    before = added_here(home.publishers_file)
    write(home.publishers_file, before | {name: publisher})
    try:
        topology = known()  # a name that is taken or malformed shows here
    except Problem:
        write(home.publishers_file, before)
        raise
    declare_publishers(authority, topology)
    path = authority.mint(name, permissions(topology, name))
    if as_json:
        terminal.print_json({"name": name, "credentials": str(path), **publisher.model_dump(mode="json")})
        return
    terminal.say(f"{name} may publish {', '.join(publisher.subjects)} as source {publisher.source}.")
    terminal.out.print(f"Its credential, to be handed over in secret: {path}", soft_wrap=True)


@app.command("list")
def list_(as_json: bool = terminal.Json) -> None:
    """List the publishers, declared and added here."""
    from mentorship.local.home import Home
    from mentorship.publishers import added_here, known

    here = added_here(Home.find().publishers_file)
    rows: list[dict[str, Any]] = [
        {"name": name, "source": one.source, "subjects": list(one.subjects), "added_here": name in here}
        for name, one in sorted(known().publishers.items())
    ]
    if as_json:
        terminal.print_json(rows)
        return
    cells = [
        (
            row["name"],
            row["source"],
            "\n".join(row["subjects"]),
            "here" if row["added_here"] else "in the topology file",
        )
        for row in rows
    ]
    terminal.print_table("Publishers", ("Name", "Source", "May publish", "Declared"), cells)


@app.command()
def remove(name: str = typer.Argument(...)) -> None:
    """Revoke a publisher's credentials, all of them and at once; it can be added again under a new key."""
    from mentorship.credentials import Authority
    from mentorship.local.home import Home
    from mentorship.publishers import added_here, known, write
    from mentorship.revocation import tell_server
    from mentorship.topology import declare_publishers, users

    home = Home.find()
    authority = Authority(_existing(home.nats_folder))
    here = added_here(home.publishers_file)
    if name not in here and name in users(known()):
        raise Problem(f"{name} stands in the topology file: remove it there, then here.")
    write(home.publishers_file, {other: one for other, one in here.items() if other != name})
    declare_publishers(authority, known())
    try:
        authority.revoke(name)
    except KeyError:
        raise Problem(f"There is no publisher {name}.") from None
    if home.supervised:
        url = home.platform().nats_url
        broker.run(lambda: tell_server(url, authority))
    terminal.say(f"{name} is revoked.")


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise Problem("There is no platform on this machine yet: `make up` makes one.")
    return folder
