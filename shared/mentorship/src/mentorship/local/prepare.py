"""`python -m mentorship.local.prepare`: databases, roles, migrations, streams and durables, before services start.

A process of its own: what it imports would stay in the supervisor's memory for good.
"""

import asyncio
import sys

import nats

from chassis.migrate import upgrade
from mentorship.cli import guarded
from mentorship.credentials import Authority
from mentorship.local import databases
from mentorship.local.home import Home, Platform
from mentorship.topology import apply, load, mint_users
from mentorship.topology.permissions import OPERATOR


async def prepare_servers(platform: Platform) -> None:
    """Provision PostgreSQL and NATS; what is there already stays."""
    home = platform.home
    await databases.provision(platform.admin_database_url, home.secrets.database_passwords())
    topology = load(local_publishers=home.publishers_file)
    credentials = mint_users(Authority(home.nats_folder), topology)
    operator = await nats.connect(
        platform.nats_url, user_credentials=str(credentials[OPERATOR]), inbox_prefix=f"_INBOX_{OPERATOR}"
    )
    try:
        await apply(operator, topology, "home")
    finally:
        await operator.close()


def prepare() -> None:
    """Everything, in the order in which it is needed."""
    home = Home.find()
    platform = Platform(home, home.state())
    asyncio.run(prepare_servers(platform))
    for service in databases.SERVICES:
        upgrade(service, platform.database_url(service, owner=True))


if __name__ == "__main__":
    sys.exit(guarded(prepare))
