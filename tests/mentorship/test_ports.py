"""Ports: the usual ones, the next free one where one is taken, and never another than the one asked for."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mentorship.local import ports
from mentorship.local.ports import DEFAULTS, choose, is_free
from mentorship.problem import Problem


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


@pytest.fixture
def defaults(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The usual ports, moved to where nothing listens and the kernel, asked for any port, never chooses one."""
    start = next(at for at in range(20_000, 32_000, 20) if all(is_free(at + index) for index in range(20)))
    moved = {name: start + index for index, name in enumerate(DEFAULTS)}
    monkeypatch.setattr(ports, "DEFAULTS", moved)
    return moved


def test_every_part_has_its_usual_port_where_all_are_free(defaults: dict[str, int]) -> None:
    assert choose({}) == defaults


def test_a_taken_port_gives_way_to_the_next_free_one_that_is_nobody_elses(defaults: dict[str, int]) -> None:
    with taken(defaults["matching"]):
        chosen = choose({})
    assert chosen["matching"] not in defaults.values()
    assert {name: port for name, port in chosen.items() if name != "matching"} == {
        name: port for name, port in defaults.items() if name != "matching"
    }


def test_a_port_asked_for_by_name_must_be_had(defaults: dict[str, int]) -> None:
    with taken(defaults["nats"]), pytest.raises(Problem, match="taken"):
        choose({"nats": defaults["nats"]})


def test_a_port_asked_for_is_had_also_where_it_is_the_usual_one_of_another(defaults: dict[str, int]) -> None:
    chosen = choose({"nats": defaults["smtp"]})
    assert chosen["nats"] == defaults["smtp"]
    assert len(set(chosen.values())) == len(DEFAULTS)


@pytest.mark.parametrize("asked", [{"coffee": 4000}, {"nats": 0}, {"nats": 70000}])
def test_what_cannot_be_a_port_is_refused(asked: dict[str, int]) -> None:
    with pytest.raises(Problem):
        choose(asked)
