from pathlib import Path

import pytest

from chassis.subscription import on, project
from contracts.matching import MatchActivated
from contracts.sessions import RelationshipOpened
from mentorship.problem import Problem
from mentorship.topology import Consumer, Topology, apply, jetstream, load, permissions, plan
from mentorship.topology.generate import consumers_of, consumers_text
from mentorship.topology.model import default_path
from tests.secured_nats import SecuredNats

DURABLE = Consumer(
    stream="MATCHING",
    name="sessions-listen-for-once",
    owner="sessions",
    filter_subjects=("mentorship.matching.match.activated.v1", "mentorship.matching.match.ended.v1"),
)


def with_durables(topology: Topology, *durables: Consumer) -> Topology:
    return topology.model_copy(update={"consumers": durables})


def written(tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the committed topology file with some of its text replaced."""
    text = default_path().read_text()
    assert old in text
    path = tmp_path / "topology.yaml"
    path.write_text(text.replace(old, new))
    return path


async def test_a_provisioned_server_has_no_drift(secured_nats: SecuredNats) -> None:
    async with secured_nats.signed_in("operator") as operator:
        assert await plan(operator, secured_nats.topology, "home") == []


async def test_streams_keep_everything_push_back_when_full_and_take_atomic_batches(secured_nats: SecuredNats) -> None:
    async with secured_nats.signed_in("operator") as operator:
        config = await jetstream.stream_config(operator, "HR") or {}
        letters = await jetstream.stream_config(operator, "DLQ") or {}
    assert (config["max_age"], config["discard"], config["retention"]) == (0, "new", "limits")
    assert (config["allow_atomic"], config["duplicate_window"], config["storage"]) == (True, 1_200_000_000_000, "file")
    assert letters["max_age"] == 180 * 86_400 * 1_000_000_000


async def test_drift_is_found_and_put_right(secured_nats: SecuredNats) -> None:
    topology = with_durables(secured_nats.topology, DURABLE)
    async with secured_nats.signed_in("operator") as operator:
        assert [change.action for change in await apply(operator, topology, "home")] == ["create"]
        config = await jetstream.stream_config(operator, "HR") or {}
        await jetstream.call(operator, "STREAM.UPDATE.HR", config | {"discard": "old", "max_bytes": 1 << 20})
        info = await jetstream.consumer_info(operator, DURABLE.stream, DURABLE.name) or {}
        narrowed = info["config"] | {"filter_subjects": [], "filter_subject": "mentorship.matching.match.ended.v1"}
        await jetstream.create_consumer(operator, DURABLE.stream, narrowed, action="update")
        found = await plan(operator, topology, "home")
        assert {(change.name, *sorted(change.fields)) for change in found} == {
            ("HR", "discard", "max_bytes"),
            ("MATCHING/sessions-listen-for-once", "filter_subjects"),
        }
        assert await apply(operator, topology, "home") == found
        assert await plan(operator, topology, "home") == []


async def test_what_others_added_is_no_drift_and_survives_an_update(secured_nats: SecuredNats) -> None:
    async with secured_nats.signed_in("operator") as operator:
        config = await jetstream.stream_config(operator, "SESSIONS") or {}
        await jetstream.call(operator, "STREAM.UPDATE.SESSIONS", config | {"description": "theirs", "discard": "old"})
        await jetstream.call(operator, "STREAM.CREATE.PAYROLL", {"name": "PAYROLL", "subjects": ["payroll.>"]})
        foreign = {"name": "theirs", "durable_name": "theirs", "ack_policy": "explicit", "deliver_policy": "all"}
        await jetstream.create_consumer(operator, "SESSIONS", foreign, action="create")
        changes = await apply(operator, secured_nats.topology, "home")
        assert [change.name for change in changes] == ["SESSIONS"]
        after = await jetstream.stream_config(operator, "SESSIONS") or {}
        assert (after["description"], after["discard"]) == ("theirs", "new")
        assert await jetstream.consumer_info(operator, "SESSIONS", "theirs")


async def test_what_cannot_be_changed_in_place_stops_before_anything_is_touched(secured_nats: SecuredNats) -> None:
    topology = with_durables(secured_nats.topology, DURABLE)
    async with secured_nats.signed_in("operator") as operator:
        wrong = {"name": DURABLE.name, "durable_name": DURABLE.name, "ack_policy": "none", "deliver_policy": "all"}
        await jetstream.create_consumer(operator, DURABLE.stream, wrong, action="create")
        await jetstream.call(operator, "STREAM.DELETE.DLQ")
        with pytest.raises(Problem, match="consumer MATCHING/sessions-listen-for-once"):
            await apply(operator, topology, "home")
        assert await jetstream.stream_config(operator, "DLQ") is None


async def test_production_asks_for_three_replicas(secured_nats: SecuredNats) -> None:
    async with secured_nats.signed_in("operator") as operator:
        changes = await plan(operator, secured_nats.topology, "production")
    assert {change.fields["num_replicas"] for change in changes} == {(1, 3)}
    assert len(changes) == len(secured_nats.topology.streams)


async def test_someone_who_may_not_ask_gets_a_plain_sentence(secured_nats: SecuredNats) -> None:
    async with secured_nats.signed_in("sessions") as service:
        with pytest.raises(Problem, match="is the user allowed to ask it"):
            await jetstream.call(service, "STREAM.INFO.DLQ", wait_seconds=0.3)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("readers: {}", "readers: {bi: {streams: {HR: [hr.employee.>]}}}", "may not read stream HR"),
        ("readers: {}", "readers: {bi: {streams: {DLQ: [mentorship.dlq.>]}}}", "may not read stream DLQ"),
        ("readers: {}", "readers: {hr: {streams: {SESSIONS: [mentorship.sessions.>]}}}", "taken twice: hr"),
        ("readers: {}", "readers: {operator: {streams: {}}}", "taken twice: operator"),
        ("subjects: [hr.employee.>]}", "subjects: [hr.payroll.>]}", "publishers.hr.subjects"),
        ("max_age_days: 180", "max_days: 180", "Nothing of this name"),
        ("readers: {}", "readers: {", "is not YAML"),
    ],
)
def test_a_contradictory_topology_is_refused_with_its_reason(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(Problem, match=complaint):
        load(written(tmp_path, old, new))


def test_a_reader_gets_a_durable_of_its_own_and_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path, "readers: {}", "readers: {bi: {streams: {SESSIONS: [mentorship.sessions.session.>]}}}")
    topology = load(path)
    assert [durable.name for durable in topology.durables() if durable.owner == "bi"] == ["bi-sessions"]
    assert permissions(topology, "bi").publish == (
        "$JS.ACK.SESSIONS.bi-sessions.>",
        "$JS.API.CONSUMER.INFO.SESSIONS.bi-sessions",
        "$JS.API.CONSUMER.MSG.NEXT.SESSIONS.bi-sessions",
    )
    assert permissions(topology, "bi").subscribe == ("_INBOX_bi.>",)


def test_this_machines_publishers_join_the_declared_ones(tmp_path: Path) -> None:
    local = tmp_path / "publishers.yaml"
    local.write_text("payroll: {source: /payroll, subjects: [hr.employee.left.v1]}\n")
    assert set(load(local_publishers=local).publishers) == {"hr", "payroll"}


async def open_relationship(tx: object, received: object) -> None:
    raise NotImplementedError


def test_a_handler_gets_one_durable_per_stream_that_it_hears() -> None:
    rows = (
        on(MatchActivated, do=open_relationship),
        project(MatchActivated, RelationshipOpened, do=open_relationship, tables=("pair",)),
    )
    durables = [(one.stream, one.name, one.filter_subjects, one.tables) for one in consumers_of("sessions", rows)]
    activated, opened = (MatchActivated.subject,), (RelationshipOpened.subject,)
    assert durables == [
        ("MATCHING", "sessions-open-relationship", activated, ()),
        ("MATCHING", "sessions-open-relationship", activated, ("pair",)),
        ("SESSIONS", "sessions-open-relationship", opened, ("pair",)),
    ]


def test_the_committed_durables_are_those_of_the_subscriber_tables() -> None:
    assert default_path().with_name("consumers.yaml").read_text() == consumers_text()


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("payroll: {source: /hr, subjects: [hr.employee.>]}", "two publishers: /hr"),
        ("payroll: {source: /payroll, caller: hr, subjects: [hr.employee.>]}", "two publishers: hr"),
        ("payroll: {source: /mentorship/matching, subjects: [hr.employee.>]}", "the platform's own"),
    ],
)
def test_a_source_and_a_caller_are_one_publishers(tmp_path: Path, more: str, complaint: str) -> None:
    line = "  hr: {source: /hr, subjects: [hr.employee.>]}"
    with pytest.raises(Problem, match=complaint):
        load(written(tmp_path, line, f"{line}\n  {more}"))
