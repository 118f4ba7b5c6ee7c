"""An organisation's own skills, named by a setting."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import hired
from tests.conftest import Bearer
from tests.eventually import eventually
from tests.fixtures.bus import Bus
from tests.fixtures.databases import Databases
from tests.fixtures.services import Runner
from tests.matching.conftest import House, opened
from tests.matching.test_worker import a_worker

OURS = "code,label,synonyms,broader,related\nweave,Weaving,basket weaving,,\ncraft,Crafts,,,weave\n"
SKILLS = {"weights": {"skills": 1}}


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    return path


@pytest.fixture
async def weavers(postgres: Databases, running: Runner, bus: Bus, bearer: Bearer, ours: Path) -> AsyncIterator[House]:
    """Matching whose organisation knows of weaving, and of nothing else."""
    async with opened(postgres, running, bus, bearer, taxonomy_file=ours) as house:
        await house.hear(*(hired(f"E{number}") for number in range(1, 7)))
        yield house


async def enrolled(house: House) -> str:
    """E1 wants to weave, E4 does, E5 does something near it, E6 knows databases."""
    programme = await house.programme(rules=SKILLS)
    await house.enrol(programme, ["E1"], "mentee", skills_wanted=["Basket-Weaving"])
    for name, skill in (("E4", "weaving"), ("E5", "crafts"), ("E6", "PostgreSQL")):
        await house.enrol(programme, [name], "mentor", skills_offered=[skill])
    return programme


async def score(house: House, run: str, mentor: str) -> int:
    found = await house.ok("GET", f"/runs/{run}/pairs/E1/{mentor}/explanation")
    return int(found["score"])


async def test_an_organisations_own_skills_count_in_runs_and_explanations(weavers: House) -> None:
    run = await weavers.run(await enrolled(weavers))
    assert [(pair["mentor_id"], pair["score"]) for pair in run["pairs"]] == [("E4", 10_000)]
    assert [await score(weavers, run["run_id"], name) for name in ("E5", "E6")] == [5_000, 0]


async def test_they_count_in_recommendations_too(weavers: House) -> None:
    programme = await enrolled(weavers)
    path = f"/programmes/{programme}/recommendations?employee_id=E1&limit=2"

    async def shown() -> list[tuple[str, int]]:
        response = await weavers.call("GET", path)
        items = response.json()["items"] if response.is_success else []
        return [(one["mentor_id"], one["score"]) for one in items]

    await eventually(shown, [("E4", 10_000), ("E5", 5_000)], seconds=60)


async def test_what_only_other_taxonomies_know_is_unrecognised(weavers: House) -> None:
    programme = await weavers.programme()
    body = {"roles": ["mentee"], "skills_wanted": ["basket weaving", "postgres"]}
    place = await weavers.ok("PUT", f"/programmes/{programme}/participants/E1", json=body)
    assert place["unrecognised"] == ["postgres"]
    listed = await weavers.ok("GET", f"/programmes/{programme}/participants")
    assert listed["items"][0]["unrecognised"] == ["postgres"]


async def test_a_workers_process_reads_them_once_and_hands_them_to_its_engine(weavers: House, ours: Path) -> None:
    programme = await enrolled(weavers)
    asked = await weavers.ok("POST", f"/programmes/{programme}/runs")

    async def scores() -> list[int]:
        run = await weavers.ok("GET", f"/runs/{asked['run_id']}")
        return [pair["score"] for pair in run["pairs"]]

    with a_worker(weavers, taxonomy_file=ours):
        await eventually(scores, [10_000], seconds=60)


@pytest.mark.parametrize(
    ("module", "content", "said"),
    [
        ("matching", b"code,label\nk,Knitting\n,Weaving\n", "ours line 3, code: must be"),
        ("matching", None, "cannot be read: No such file or directory"),
        ("matching.worker", b"code,label\nk,H\xe4keln\n", "ours.csv line 2, any: is not UTF-8 text"),
        ("matching.worker", b"code,name\nk,Knitting\n", "ours line 1, label: the column is missing"),
    ],
)
def test_a_wrong_file_ends_the_process_with_one_plain_sentence(
    tmp_path: Path, module: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / "ours.csv"
    if content is not None:
        path.write_bytes(content)
    given: dict[str, Any] = {
        "MENTORSHIP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "MENTORSHIP_TAXONOMY_FILE": str(path),
    }
    ended = subprocess.run(
        [sys.executable, "-m", module], env=os.environ | given, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith(f"MENTORSHIP_TAXONOMY_FILE: {path}")
    assert said in line
