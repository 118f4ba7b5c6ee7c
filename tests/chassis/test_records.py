from pathlib import Path

import pytest

from chassis.records import NoTable, Record, Refusals, Refused, read_records, words_of


def rows(
    tmp_path: Path, text: str | bytes, name: str = "any.csv", known: tuple[str, ...] | None = None
) -> list[object]:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_records(path, ("id",), known))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_row_is_what_its_cells_say_and_an_empty_cell_says_nothing(tmp_path: Path, separator: str) -> None:
    text = "\ufeffID, Name ,note\r\n1, Ann ,\r\n,,\r\n\r\n2,,x\r\n".replace(",", separator)
    assert rows(tmp_path, text) == [Record(2, {"id": "1", "name": "Ann"}), Record(5, {"id": "2", "note": "x"})]


@pytest.mark.parametrize("name", ["any.csv", "any.jsonl"])
def test_bytes_that_are_no_utf8_cost_their_own_row_only(tmp_path: Path, name: str) -> None:
    bad = {"any.csv": b"id,name\n1,J\xf6rg\n2,Bob\n", "any.jsonl": b'\n{"id":"1","name":"J\xf6rg"}\n{"id":"2"}\n'}
    first, second = rows(tmp_path, bad[name], name)
    assert first == Refused(2, "row: is not UTF-8")
    assert isinstance(second, Record)


def test_half_a_character_written_as_an_escape_is_refused(tmp_path: Path) -> None:
    text = '{"id": "\\ud834"}\n{"id": "\\ud834\\udd1e"}\n'
    assert rows(tmp_path, text, "any.jsonl") == [Refused(1, "row: is not UTF-8"), Record(2, {"id": "\U0001d11e"})]


def test_what_nobody_knows_is_refused(tmp_path: Path) -> None:
    text = '{"id": "1"}\n{"id": "2", "shoe": 42}\n'
    assert rows(tmp_path, text, "any.jsonl", known=("id", "hat")) == [
        Record(1, {"id": "1"}),
        Refused(2, "row: has 'shoe', which means nothing here; there are hat, id"),
    ]


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("", "has no column id"),
        ("name", "has no column id"),
        ("id,Name,name", "has two columns 'name'"),
        ("id,shoe", "has 'shoe', which means nothing here"),
    ],
)
def test_a_first_line_that_does_not_name_the_columns_is_refused(tmp_path: Path, header: str, fault: str) -> None:
    with pytest.raises(NoTable, match=fault):
        rows(tmp_path, header + "\n1,2,3\n", known=("id", "name"))


def test_how_much_is_behind_adds_up_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "any.csv"
    path.write_text("id,name\n1,Jörg\n2,\n", encoding="utf-8")
    behind: list[int] = []
    assert len(list(read_records(path, ("id",), behind=behind.append))) == 2
    assert sum(behind) == path.stat().st_size


def test_words_of_a_cell_stand_apart_by_either_sign() -> None:
    assert words_of(" Python | SQL;;Go ") == ["Python", "SQL", "Go"]


def test_refusals_of_an_earlier_reading_are_forgotten(tmp_path: Path) -> None:
    Refusals(tmp_path / "any.csv").add(Refused(2, "one"))
    listed = Refusals(tmp_path / "any.csv")
    assert not listed.path.exists()
    listed.add(Refused(3, "two"), Refused(4, "three"))
    listed.add(Refused(5, "four, and five"))
    assert listed.path.read_text().splitlines() == ["line,reason", "3,two", "4,three", '5,"four, and five"']
