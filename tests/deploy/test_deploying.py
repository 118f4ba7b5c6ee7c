"""What docs/deploying.md tells an operator to do is enough, and no more than is needed."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from chassis.migrate import upgrade
from tests.fixtures.databases import Databases

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/deploying.md"


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed here")
def test_the_overlay_changes_images_and_settings_and_nothing_else(tmp_path: Path) -> None:
    (overlay,) = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL))
    overlay["resources"] = [os.path.relpath(ROOT / "deploy/kubernetes", tmp_path.resolve())]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    base, changed = _rendered(ROOT / "deploy/kubernetes"), _rendered(tmp_path)
    (settings,) = (one["data"] for (kind, _), one in changed.items() if kind == "ConfigMap")
    assert settings["MENTORSHIP_NATS_URL"] == "tls://nats.example.com:4222"
    assert settings["PGSSLMODE"] == "verify-full"
    images = {name: _image(one) for (kind, name), one in changed.items() if kind in {"Deployment", "Job"}}
    assert {name for name, image in images.items() if image == "example.com/mentorship/matching:1"} == {
        "matching-api",
        "matching-migrate",
        "matching-worker",
    }
    assert len(changed) == len(base)


def _rendered(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    text = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True).stdout
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text)}


def _image(workload: dict[str, Any]) -> str:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


async def test_a_database_is_made_by_an_administrator_who_is_no_superuser(postgres: Databases) -> None:
    # Other names than the service's own, which other tests use on the same server.
    made, opened = (
        block.replace("matching", "deployed").replace("'generated'", "'throw-away'")
        for block in re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    )
    root = await asyncpg.connect(postgres.admin_url)
    await root.execute("CREATE ROLE administrator LOGIN CREATEDB CREATEROLE PASSWORD 'throw-away'")
    try:
        for statement in filter(None, map(str.strip, made.split(";"))):
            await _execute(postgres.url("postgres", "administrator"), statement)
        owner_url, url = postgres.url("deployed", "deployed_owner"), postgres.url("deployed", "deployed")
        await _execute(owner_url, opened)
        await asyncio.to_thread(upgrade, "matching", owner_url)
        await _execute(url, "INSERT INTO due (kind, key, due_at, payload) VALUES ('a', 'b', now(), '{}')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _execute(url, "CREATE TABLE mine ()")
    finally:
        await root.execute("DROP DATABASE IF EXISTS deployed WITH (FORCE)")
        await root.execute("DROP ROLE IF EXISTS deployed, deployed_owner, administrator")
        await root.close()


async def _execute(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
