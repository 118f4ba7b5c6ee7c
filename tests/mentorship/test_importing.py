import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.cloudevents import MAX_EVENT_BYTES, size_of
from chassis.records import Refused
from contracts.hr import EmployeeHired
from mentorship import broker
from mentorship.cli import main
from mentorship.company import people, write
from mentorship.importing import Row, envelope, outgoing, read_rows, send
from mentorship.problem import Problem
from mentorship.topology import jetstream
from tests.mentorship.commanding import Command
from tests.secured_nats import SecuredNats

HEAD = "employee_id,display_name,email,level,skills\n"
VERSION = 1_750_000_000_000


def read(path: Path) -> list[Row | Refused]:
    return list(read_rows(path, EmployeeHired, VERSION))


def from_csv(tmp_path: Path, text: str | bytes) -> list[Row | Refused]:
    path = tmp_path / "people.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


def refused(rows: list[Row | Refused]) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in rows if isinstance(row, Refused)]


def good(rows: list[Row | Refused]) -> list[EmployeeHired]:
    return [row.event for row in rows if isinstance(row, Row) and isinstance(row.event, EmployeeHired)]


def test_what_the_generator_writes_reads_back_the_same(tmp_path: Path) -> None:
    for name in ("company.csv", "company.jsonl"):
        write(people(120, seed=5), tmp_path / name)
        stamped = [person.model_copy(update={"version": VERSION}) for person in people(120, seed=5)]
        assert good(read(tmp_path / name)) == stamped


def test_help_names_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["import", "--help"])
    words = set(capsys.readouterr().out.replace(",", " ").replace(".", " ").split())
    assert set(EmployeeHired.model_fields) - words == set()


def test_an_address_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    rows = from_csv(tmp_path, HEAD + "E1,Ada,ada.example.com,3,\n")
    assert refused(rows) == [(2, "email: is not a mail address, such as ada@example.com")]


def test_a_bad_row_is_named_by_its_line_and_the_others_go_through(tmp_path: Path) -> None:
    rows = from_csv(
        tmp_path, HEAD + "E1,Ann,ann@x.org,3,\nE2,,bob@x.org,3,\nE3,Cy,cy@x.org,high,\nE4,Di,di@x.org,1,a;b\n"
    )
    assert [person.employee_id for person in good(rows)] == ["E1", "E4"]
    assert [line for line, _ in refused(rows)] == [3, 4]
    assert [reason.partition(":")[0] for _, reason in refused(rows)] == ["display_name", "level"]


def test_reasons_never_repeat_what_stands_in_the_file(tmp_path: Path) -> None:
    rows = from_csv(tmp_path, HEAD + "E1,Ann,secret-address,3,\n")
    assert "secret" not in str(refused(rows))


def test_reasons_are_in_words_of_ours(tmp_path: Path) -> None:
    rows = from_csv(tmp_path, "employee_id,display_name,email,timezone\nE1,Ann,ann@x.org,Mars\n")
    assert refused(rows) == [(2, "timezone: is not an IANA time zone, such as Europe/Berlin")]


def test_lines_are_counted_right_behind_a_cell_with_line_breaks(tmp_path: Path) -> None:
    rows = from_csv(tmp_path, HEAD + '"E1","Ann\nvan\nDam",ann@x.org,3,\nE2,,bob@x.org,3,\n')
    assert [line for line, _ in refused(rows)] == [2, 5]


def test_the_second_row_of_the_same_employee_is_refused(tmp_path: Path) -> None:
    rows = from_csv(tmp_path, HEAD + "E1,Ann,ann@x.org,3,\nE1,Anna,anna@x.org,3,\n")
    assert refused(rows) == [(3, "employee_id: stands on line 2 already")]


def test_bytes_that_are_no_utf8_cost_their_own_row_only(tmp_path: Path) -> None:
    rows = from_csv(tmp_path, HEAD.encode() + b"E1,J\xf6rg,j@x.org,3,\nE2,Bob,bob@x.org,3,\n")
    assert [person.employee_id for person in good(rows)] == ["E2"]
    assert refused(rows)[0][0] == 2


@pytest.mark.parametrize("separator", [";", "\t"])
def test_spreadsheets_of_other_countries_are_read_too(tmp_path: Path, separator: str) -> None:
    text = (
        "\ufeff" + HEAD.replace(",", separator) + separator.join(("E1", "Ann", "ann@x.org", "3", "Python|SQL")) + "\r\n"
    )
    assert good(from_csv(tmp_path, text))[0].skills == ("Python", "SQL")


def test_a_row_of_another_length_is_refused(tmp_path: Path) -> None:
    assert refused(from_csv(tmp_path, HEAD + "E1,Ann\n")) == [(2, "row: has 2 cells, the first line names 5")]


def test_a_file_without_the_needed_columns_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no column employee_id and no column email"):
        from_csv(tmp_path, "display_name\nAnn\n")


def test_a_version_of_its_own_is_kept(tmp_path: Path) -> None:
    rows = from_csv(tmp_path, "employee_id,display_name,email,version\nE1,Ann,ann@x.org,17\nE2,Bob,bob@x.org,\n")
    assert [person.version for person in good(rows)] == [17, VERSION]


def test_json_lines_that_are_none_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    deep = "[" * 100_000
    path.write_text(
        f'{{"employee_id": "E1"\n[]\n{deep}\n\n{{"employee_id": "E2", "display_name": "B", "email": "b@x.org"}}\n'
    )
    rows = read(path)
    assert refused(rows) == [(1, "row: is not JSON"), (2, "row: is not a JSON object"), (3, "row: is not JSON")]
    assert good(rows)[0].employee_id == "E2"


@given(cells=st.lists(st.lists(st.text(max_size=20), max_size=6), max_size=5))
def test_no_cell_makes_the_reader_fall_over(tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        file.write(HEAD)
        csv.writer(file).writerows(cells)
    assert all(row.line >= 2 for row in read(path))


async def stored(nats: SecuredNats) -> int:
    async with nats.signed_in("operator") as operator:
        return int((await jetstream.call(operator, "STREAM.INFO.HR"))["state"]["messages"])


async def test_good_rows_are_published_and_bad_ones_listed_beside_the_file(
    secured_nats: SecuredNats, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    write(people(150, seed=1), path)
    path.write_text(path.read_text() + "E900001,,x@x.org" + "," * 10 + "\n")
    ran = await Command.signed_in(secured_nats, "hr", tmp_path)("import", path, "--json")
    assert ran.code == 1, "an exit code of 0 would say that everything went through"
    assert (ran.json["published"], ran.json["refused"]) == (150, 1)
    listed = tmp_path / "people.csv.refused.csv"
    assert ran.json["refused_rows"] == str(listed)
    assert listed.read_text().splitlines()[1].startswith("152,display_name")
    assert await stored(secured_nats) == 150


async def test_importing_again_publishes_nothing_twice(secured_nats: SecuredNats, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    write(people(150, seed=1), path)
    command = Command.signed_in(secured_nats, "hr", tmp_path)
    half = tmp_path / "half.jsonl"
    half.write_text("".join(path.read_text().splitlines(keepends=True)[:75]))
    version = ("--version", str(VERSION))
    first = await command("import", half, "--json", *version)  # an import that was interrupted half way
    again = await command("import", path, "--json", *version)
    assert (first.json["published"], first.json["repeated"]) == (75, 0)
    assert (again.json["published"], again.json["repeated"], again.code) == (75, 75, 0)
    assert await stored(secured_nats) == 150


async def test_a_changed_file_is_new_to_the_stream(secured_nats: SecuredNats, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    command = Command.signed_in(secured_nats, "hr", tmp_path)
    for name in ("Ann", "Anna"):
        path.write_text(json.dumps({"employee_id": "E1", "display_name": name, "email": "ann@x.org"}) + "\n")
        assert (await command("import", path, "--json", "--event", "changed")).json["published"] == 1


async def test_an_import_outlives_a_kill_of_the_server(secured_nats: SecuredNats) -> None:
    def rows() -> Iterator[Row | Refused]:
        for number, person in enumerate(people(3200, seed=1), 1):
            if number == 2500:
                secured_nats.server.kill()
                secured_nats.server.start()
            yield Row(number, person)

    to = broker.Access(secured_nats.server.url, secured_nats.credentials["hr"])
    async with broker.connected(to) as publisher:
        outcome = await send(publisher, rows(), "/hr", lambda _: None)
    assert outcome.published + outcome.repeated == 3200
    assert await stored(secured_nats) == 3200


async def test_a_user_who_may_not_publish_hears_so_and_nothing_is_stored(
    secured_nats: SecuredNats, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(HEAD + "E1,Ann,ann@x.org,3,\n")
    ran = await Command.signed_in(secured_nats, "sessions", tmp_path)("import", path)
    assert ran.code == 1
    assert "may not publish hr.employee.hired.v1" in ran.err
    assert await stored(secured_nats) == 0


def test_the_largest_record_there_can_be_fits_into_one_message() -> None:
    words = tuple(f"{number:03d}" + "\U0001d11e" * 97 for number in range(200))
    line = "\U0001d11e" * 200
    texts = dict.fromkeys(("display_name", "department", "job_title", "location"), line)
    lists = dict.fromkeys(("skills", "languages", "interests"), words)
    local = "\U0001d11e" * 250
    largest = EmployeeHired(employee_id="E" * 64, version=2**63 - 1, email=f"{local}@x.y", **texts, **lists)
    message = outgoing(envelope(largest, largest.version, "/" + "s" * 199))
    assert size_of(message.head, message.payload) <= MAX_EVENT_BYTES
