"""Whatever order events come in and however often: the same projections (R10), also when rebuilt (R19)."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.adapters.db import programme_counts
from chassis.transaction import Database
from tests.analytics.history import PROGRAMME, History, a_whole_history, deliver, empty, rows_of
from tests.builders import hired

HEARD = a_whole_history(pairs=6).heard


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False), size=st.sampled_from((40, 250, 1000)))
async def test_events_that_come_repeatedly_and_shuffled_leave_the_same_rows_as_in_order(
    database: Database, chance: random.Random, size: int
) -> None:
    await empty(database)
    await deliver(database, HEARD)
    expected = await rows_of(database)
    assert all(expected.values())
    await empty(database)
    heard = [received for received in HEARD for _ in range(chance.choice((1, 1, 1, 2, 5)))]
    chance.shuffle(heard)
    for start in range(0, len(heard), size):
        await deliver(database, heard[start : start + size])
    assert await rows_of(database) == expected


async def test_one_event_at_a_time_in_reverse_leaves_the_same_rows(database: Database) -> None:
    await deliver(database, HEARD)
    expected = await rows_of(database)
    await empty(database)
    for received in reversed(HEARD):
        await deliver(database, [received])
    assert await rows_of(database) == expected


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_rebuild_gives_identical_rows_and_figures(database: Database, seed: int) -> None:
    heard = a_whole_history(seed=seed).heard
    await deliver(database, heard)
    rows = await rows_of(database)
    async with database.transaction() as tx:
        figures = await programme_counts(tx, PROGRAMME)
    await empty(database)
    for start in range(0, len(heard), 100):
        await deliver(database, heard[start : start + 100])
    assert await rows_of(database) == rows
    async with database.transaction() as tx:
        assert await programme_counts(tx, PROGRAMME) == figures


async def test_of_two_records_with_one_version_the_same_one_stays_whatever_came_first(database: Database) -> None:
    history = History()
    first = history.say(hired("E1", version=5, department="Sales"))
    second = history.say(hired("E1", version=5, department="Research"))
    stayed = []
    for order in ([first, second], [second, first]):
        await empty(database)
        for received in order:
            await deliver(database, [received])
        stayed.append((await rows_of(database, ["employee"]))["employee"])
    assert stayed[0] == stayed[1]
