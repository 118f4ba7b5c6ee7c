"""Matching put together."""

from typing import Any

from chassis.service import Service
from matching.adapters.db import is_departed
from matching.adapters.publishers import Publishers
from matching.adapters.skills import load_taxonomy
from matching.api import ROUTERS
from matching.domain.refusal import BadValue, Refused
from matching.handlers.boards import Boards
from matching.handlers.deadlines import CASCADE
from matching.handlers.erasure import erase_from_stream
from matching.handlers.offering import Cascade
from matching.settings import MatchingSettings
from matching.subscribers import SUBSCRIPTIONS, TIMERS


def service(settings: MatchingSettings | None = None) -> Service:
    """The matching service."""
    settings = settings or MatchingSettings()
    publishers = Publishers(settings.publishers_file)
    boards = Boards(in_child=settings.boards_in_child)
    return Service(
        name="matching",
        settings=settings,
        routers=ROUTERS,
        subscriptions=SUBSCRIPTIONS,
        timers=TIMERS | {CASCADE: Cascade(boards)},
        background=[erase_from_stream, boards.keep],
        refusal=Refused,
        refuse=publishers.why_not_taken,
        is_departed=is_departed,
        state={"publishers": publishers, "boards": boards} | taxonomy_state(settings),
    )


def taxonomy_state(settings: MatchingSettings) -> dict[str, Any]:
    """The organisation's own skills, if it has named any, for all transactions; a wrong file ends the process."""
    path = settings.taxonomy_file
    if path is None:
        return {}
    try:
        return {"taxonomy": load_taxonomy(path)}
    except OSError as error:
        raise SystemExit(f"MENTORSHIP_TAXONOMY_FILE: {path} cannot be read: {error.strerror}.") from None
    except BadValue as error:
        raise SystemExit(f"MENTORSHIP_TAXONOMY_FILE: {path}: {error.field}: {error.detail}.") from None


def worker_settings() -> MatchingSettings:
    """The settings of a worker's process."""
    return MatchingSettings()
