"""What the jobs of docker-compose.yml do: hand every container its own secrets, and make the databases.

`python -m mentorship.containers secrets` writes one volume per container under /volumes, so that no service sees what
another is given; `python -m mentorship.containers databases` makes roles and databases. Both may run again and again.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from mentorship.credentials import Authority, write_private
from mentorship.local import databases
from mentorship.local.databases import SERVICES, owner_of
from mentorship.local.home import Home, State
from mentorship.local.ports import DEFAULTS as PORTS
from mentorship.natsserver import ServerSettings, server_config
from mentorship.topology import DECLARED_PUBLISHERS, load, mint_users

VOLUMES = Path("/volumes")
DATABASE_HOST = "postgres:5432"
SMTP_URL = "smtp://standin:1025"
NATS_STORE = Path("/data")


def write_secrets(volumes: Path = VOLUMES, ports: Mapping[str, int] = PORTS) -> None:
    """Make what is missing in the volume `home`, and copy to each other volume what its container needs."""
    home = Home(volumes / "home")
    home.create()
    home.secrets.make_all()
    topology = load()
    authority = Authority(home.nats_folder)
    credentials = mint_users(authority, topology)
    settings = ServerSettings(store=NATS_STORE, max_file_store=topology.stored_bytes("home"), host="0.0.0.0")
    _give(volumes / "nats", {"nats.conf": server_config(authority, settings)})
    for service in SERVICES:
        _give(volumes / service, _of_service(home, service, credentials[service]))
        owner_url = _database_url(home, owner_of(service), service)
        _give(volumes / f"{service}-owner", {"mentorship_migration_database_url": owner_url})
    _give(volumes / "operator", {"nats.creds": credentials["operator"].read_text()})
    _give(volumes / "standin", {"issuer.pem": (home.folder / "secrets" / "issuer.pem").read_text()})
    _give(volumes / "postgres", {"password": home.secrets.password("postgres")}, mode=0o444)
    State(phase="containers", ports=dict(ports)).write(home.state_file)


def _of_service(home: Home, service: str, credentials: Path) -> dict[str, str]:
    files = {"nats.creds": credentials.read_text(), "mentorship_database_url": _database_url(home, service, service)}
    if service == "matching":
        files[DECLARED_PUBLISHERS] = (home.nats_folder / DECLARED_PUBLISHERS).read_text()
    if service == "sessions":
        files["note-keys.json"] = home.secrets.note_keys.read_text()
    if service == "notifications":
        files["mentorship_smtp_url"] = SMTP_URL
        files["mentorship_unsubscribe_key"] = home.secrets.unsubscribe_key
    return files


def _database_url(home: Home, role: str, database: str) -> str:
    return f"postgresql://{role}:{quote(home.secrets.password(role), safe='')}@{DATABASE_HOST}/{database}"


def _give(volume: Path, files: Mapping[str, str], *, mode: int = 0o400) -> None:
    for name, text in files.items():
        write_private(volume / name, text)
        (volume / name).chmod(mode)
    if mode & 0o004:  # read by another image's user: the volume itself is the boundary
        volume.chmod(0o755)


async def make_databases(volumes: Path = VOLUMES) -> None:
    """Make the four databases with two roles each, or give the roles their passwords."""
    home = Home(volumes / "home")
    await databases.provision(_database_url(home, "postgres", "postgres"), home.secrets.database_passwords())


def _published_ports() -> dict[str, int]:
    """Where the host reaches each part; compose passes what it publishes."""
    return {**PORTS, **json.loads(os.environ.get("MENTORSHIP_PUBLISHED_PORTS", "{}"))}


def main(arguments: list[str]) -> int:
    """Do one of the two jobs; 2 when called wrongly."""
    if arguments == ["secrets"]:
        write_secrets(ports=_published_ports())
    elif arguments == ["databases"]:
        asyncio.run(make_databases())
    else:
        sys.stderr.write("usage: python -m mentorship.containers secrets|databases\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
