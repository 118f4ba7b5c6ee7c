"""`mentorship token`: an access token of the local issuer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from mentorship.local.home import Home, running_platform
from mentorship.local.issuer import Issuer
from mentorship.problem import Problem
from mentorship.terminal import Json, print_json

ROLES = ("employee", "programme-manager", "platform-admin", "publisher", "operator")


def token(
    employee: str = typer.Option(
        ..., "--employee", metavar="ID", help="Whose token: an employee's id, or a publisher's name."
    ),
    role: list[str] = typer.Option(
        ["employee"], "--role", metavar="ROLE", help=f"One of {', '.join(ROLES)}; may be repeated."
    ),
    hours: float = typer.Option(1.0, "--hours", min=0.001, max=720, help="How long it is good for."),
    folder: Path | None = typer.Option(
        None, "--folder", help="Take the issuer's key from this folder instead of the running platform."
    ),
    issuer: str = typer.Option("", "--issuer", help="The issuer's URL that the services expect; with --folder."),
    json: bool = Json,
) -> None:
    """Print a signed access token of the local issuer, as the services of this machine accept it."""
    unknown = sorted(set(role) - set(ROLES))
    if unknown:
        raise Problem(f"There is no role {unknown[0]}: the roles are {', '.join(ROLES)}.", exit_code=2)
    signer = _issuer(folder, issuer)
    signed = signer.token(employee, role, seconds=hours * 3600)
    if json:
        expires = datetime.now(UTC) + timedelta(hours=hours)
        print_json({"access_token": signed, "token_type": "Bearer", "expires_at": expires, "issuer": signer.url})
        return
    typer.echo(signed)


def _issuer(folder: Path | None, url: str) -> Issuer:
    if folder is None:
        return running_platform().issuer
    if not (folder / "issuer.pem").exists():
        raise Problem(f"{folder} holds no issuer.pem.")
    return Issuer(folder, url or Home.find().platform().supervisor_url)
