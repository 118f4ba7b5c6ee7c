"""`python -m mentorship.seed PEOPLE`: publishes a made-up company as the HR system of this machine would."""

import sys
import time
from collections.abc import Iterator

from chassis.records import Refused
from mentorship.broker import Access, connected, run
from mentorship.cli import guarded
from mentorship.company import SMALLEST, people
from mentorship.importing import Row, send
from mentorship.local.home import Home, Platform
from mentorship.problem import Problem

PUBLISHER = "hr"
_SEED = 1


def rows(size: int, version: int) -> Iterator[Row]:
    """The company's people, each in the same version."""
    for line, person in enumerate(people(max(size, SMALLEST), _SEED), start=1):
        yield Row(line, person.model_copy(update={"version": version}))


async def seed(platform: Platform, size: int) -> None:
    """Publish the company; what was published by an interrupted attempt comes again in a newer version."""
    access = Access(platform.nats_url, platform.credentials(PUBLISHER))
    async with connected(access) as client:
        await send(client, rows(size, int(time.time() * 1000)), f"/{PUBLISHER}", _refuse)


def _refuse(refused: Refused) -> None:
    raise Problem(f"The demo company is not valid in line {refused.line}: {refused.reason}.")


def main() -> None:
    """Publish to the platform that is coming up."""
    home = Home.find()
    run(lambda: seed(Platform(home, home.state()), int(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(guarded(main))
