from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.adapters.skills import load_taxonomy, own_taxonomy
from matching.domain.refusal import BadValue
from matching.domain.skill_tables import read_esco, read_taxonomy
from matching.domain.skills import NO_TAXONOMY, Taxonomy, plain

OWN = own_taxonomy()
HEADER = "code,label,synonyms,broader,related\n"


def table(*lines: str) -> Taxonomy:
    return read_taxonomy([HEADER, *(f"{line}\n" for line in lines)])


def test_a_few_hundred_workplace_skills_come_with_the_service() -> None:
    assert len(OWN.skills) >= 300
    assert len({skill.label for skill in OWN.skills}) == len(OWN.skills)
    alone = [skill.code for skill in OWN.skills if skill.code not in OWN.neighbours]
    assert len(alone) < len(OWN.skills) / 20, alone


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("postgres", "PostgreSQL"),
        ("Postgre SQL", "PostgreSQL"),
        ("K8S", "Kubernetes"),
        ("node.js", "Node.js"),
        ("NodeJS", "Node.js"),
        (" c++ ", "C++"),
        ("C", "C"),
        ("c#", "C#"),
        ("#Python", "Python"),
        ("problem-solving", "Problem solving"),
        ("Time  Management", "Time management"),
        ("M & A", "Mergers and acquisitions"),
        ("ci cd", "CI/CD"),
        ("Ｐｙｔｈｏｎ", "Python"),
        ("Gebärdensprache", "Sign language"),
    ],
)
def test_a_skill_is_found_under_any_of_its_names_however_they_are_written(name: str, label: str) -> None:
    skill = OWN.find(name)
    assert skill is not None
    assert skill.label == label


@pytest.mark.parametrize(
    ("wanted", "offered", "quarters"),
    [
        ("PostgreSQL", "postgres", 4),
        ("SQL", "postgres", 2),
        ("postgres", "SQL", 2),
        ("PostgreSQL", "MySQL", 0),
        ("postgres", "Databases", 0),
        ("Python", "Data analysis", 2),
        ("C", "C#", 0),
        ("underwater basket weaving", "Underwater  basket-weaving", 4),
        ("underwater basket weaving", "SQL", 0),
    ],
)
def test_a_skill_is_met_fully_by_itself_and_half_by_its_neighbours(wanted: str, offered: str, quarters: int) -> None:
    assert OWN.quarters(OWN.key(wanted), OWN.keys([offered])) == quarters


def test_somebody_who_offers_the_skill_and_a_neighbour_meets_it_fully() -> None:
    assert OWN.quarters(OWN.key("SQL"), OWN.keys(["postgres", "SQL"])) == 4


def test_names_of_one_skill_are_one_skill() -> None:
    assert OWN.keys(["Postgres", "PostgreSQL", "postgresql "]) == ("postgresql",)


def test_without_a_taxonomy_every_skill_meets_itself_alone() -> None:
    assert NO_TAXONOMY.quarters(NO_TAXONOMY.key("Chess"), NO_TAXONOMY.keys([" chess"])) == 4
    assert NO_TAXONOMY.quarters(NO_TAXONOMY.key("SQL"), NO_TAXONOMY.keys(["postgres"])) == 0


@given(st.text(min_size=1, max_size=30))
def test_any_word_at_all_has_a_key_that_is_its_own(name: str) -> None:
    key = NO_TAXONOMY.key(name)
    assert NO_TAXONOMY.quarters(key, [key]) == 4
    assert NO_TAXONOMY.key(name.upper().lower()) == NO_TAXONOMY.key(name.upper().lower().upper().lower())


def test_signs_of_other_scripts_are_kept() -> None:
    assert plain("हिन्दी") != plain("हनद")
    assert plain("日本語 ") == plain("日本語")


def test_a_code_cannot_be_mistaken_for_an_unknown_word() -> None:
    taxonomy = table("x1,Knitting,,,")
    assert taxonomy.key("x1") != taxonomy.key("Knitting")


WRONG: tuple[tuple[str, str], ...] = (
    ("", "skills line 1, code"),
    ("label\nx\n", "skills line 1, code"),
    ("code,label,label\na,b,c\n", "skills line 1, label"),
    (HEADER, "skills line 1, code"),
    (f"{HEADER},Knitting,,,\n", "skills line 2, code"),
    (f"{HEADER}?k,Knitting,,,\n", "skills line 2, code"),
    (f"{HEADER}k,,,,\n", "skills line 2, label"),
    (f"{HEADER}k,Knitting,,\n", "skills line 2, related"),
    (f"{HEADER}k,Knitting,,,,\n", "skills line 2, related"),
    (f"{HEADER}k,Knitting,,,\n\nk,Weaving,,,\n", "skills line 4, code"),
    (f"{HEADER}k,Knitting,,,\nw,knitting,,,\n", "skills line 3, label"),
    (f"{HEADER}k,Knitting,Wool,,\nw,Weaving,wool,,\n", "skills line 3, synonyms"),
    (f"{HEADER}k,Knitting,,crafts,\n", "skills line 2, broader"),
    (f"{HEADER}k,Knitting,,,crafts\n", "skills line 2, related"),
    (f"{HEADER}k,Knitting,,k,\n", "skills line 2, broader"),
    (f"{HEADER}k,Knitting,,w,\nw,Weaving,,k,\n", "skills line 2, broader"),
    (f'{HEADER}k,"Knitting\n",,,\nw,Wea\tving,,,\n', "skills line 4, label"),
)


@pytest.mark.parametrize(("text", "field"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_what_is_wrong_with_a_table_is_named_by_line_and_column(text: str, field: str) -> None:
    with pytest.raises(BadValue) as refused:
        read_taxonomy(text.splitlines(keepends=True))
    assert refused.value.field == field
    assert refused.value.detail


def test_a_table_may_have_less_columns_and_another_delimiter_and_a_byte_order_mark() -> None:
    taxonomy = read_taxonomy(["\ufefflabel;code\n", "Knitting;k\n"])
    assert taxonomy.key("KNITTING") == "k"


ESCO = (
    "conceptType,conceptUri,skillType,reuseLevel,preferredLabel,altLabels,hiddenLabels,status,modifiedDate,scopeNote,"
    "definition,inScheme,description\n"
    'KnowledgeSkillCompetence,esco:sql,knowledge,sector-specific,SQL,"Structured Query Language\nquery language",,'
    "released,2024-01-01,,,,\n"
    'KnowledgeSkillCompetence,esco:pg,knowledge,sector-specific,PostgreSQL,"Postgres\nquery language",,'
    "released,2024-01-01,,,,\n"
    "KnowledgeSkillCompetence,esco:old,knowledge,sector-specific,Telex,,,deprecated,2024-01-01,,,,\n"
)
BROADER = (
    "conceptType,conceptUri,broaderType,broaderUri\n"
    "KnowledgeSkillCompetence,esco:pg,KnowledgeSkillCompetence,esco:sql\n"
    "KnowledgeSkillCompetence,esco:sql,SkillGroup,esco:group\n"
)


def test_escos_tables_are_read_as_they_are_published() -> None:
    taxonomy = read_esco(ESCO.splitlines(keepends=True), BROADER.splitlines(keepends=True))
    assert taxonomy.key("structured query language") == "esco:sql"
    assert taxonomy.quarters(taxonomy.key("SQL"), taxonomy.keys(["postgres"])) == 2
    assert taxonomy.find("telex") is None
    assert taxonomy.find("query language") is None, "two skills have this name"


def test_a_file_says_by_its_header_which_kind_it_is(tmp_path: Path) -> None:
    (tmp_path / "skills_en.csv").write_text(ESCO, encoding="utf-8")
    assert load_taxonomy(tmp_path / "skills_en.csv").quarters("esco:sql", ["esco:pg"]) == 0
    (tmp_path / "broaderRelationsSkillPillar_en.csv").write_text(BROADER, encoding="utf-8")
    assert load_taxonomy(tmp_path / "skills_en.csv").quarters("esco:sql", ["esco:pg"]) == 2
    (tmp_path / "ours.csv").write_text(f"{HEADER}k,Knitting,,,\n", encoding="utf-8")
    assert load_taxonomy(tmp_path / "ours.csv").key("knitting") == "k"
    (tmp_path / "latin.csv").write_bytes("code,label\nk,Häkeln\n".encode("latin-1"))
    with pytest.raises(BadValue) as refused:
        load_taxonomy(tmp_path / "latin.csv")
    assert refused.value.field == "latin.csv line 2, any"
