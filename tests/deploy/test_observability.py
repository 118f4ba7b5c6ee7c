"""Dashboards and alert rules are well-formed, ask for metrics that exist, and alarm when they should."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/observability"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
_SUFFIX = re.compile(r"(_seconds)?(_bucket|_count|_sum|_total)?$")


def _metrics_in(expression: str) -> set[str]:
    return {_SUFFIX.sub("", name) for name in re.findall(r"\b(?:mentorship|http_server)_[a-z_]+", expression)}


def _declared() -> set[str]:
    """Every metric that the code declares, with or without its prefix, as Prometheus writes it."""
    sources = [*ROOT.glob("shared/chassis/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]
    names = {name for path in sources for name in re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', path.read_text())}
    return {f"mentorship.{name.removeprefix('mentorship.')}".replace(".", "_") for name in names} | {
        name.replace(".", "_") for name in names
    }


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _promtool(*arguments: str) -> None:
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed here: it comes with Prometheus")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_a_dashboard_is_laid_out_without_overlap(path: Path) -> None:
    dashboard = json.loads(path.read_text())
    assert {"uid", "title", "schemaVersion", "panels", "time"} <= set(dashboard)
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + i, at["y"] + j) for i in range(at["w"]) for j in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells


def test_every_panel_and_every_rule_asks_for_metrics_that_exist() -> None:
    panels = [panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]]
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    expressions += [rule["expr"] for rule in _rules()]
    asked = set().union(*map(_metrics_in, expressions))
    assert len(asked) > 10
    assert asked <= _declared()


def test_every_alert_says_what_to_do() -> None:
    for rule in _rules():
        assert rule["annotations"]["summary"], rule["alert"]
        assert rule["annotations"]["action"], rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]


def test_prometheus_accepts_the_rules() -> None:
    _promtool("check", "rules", str(FOLDER / "alerts.yaml"))


def test_every_alert_fires_on_what_it_is_for(tmp_path: Path) -> None:
    cases = (Path(__file__).parent / "alerts.test.yaml").read_text().replace("@RULES@", str(FOLDER / "alerts.yaml"))
    (tmp_path / "alerts.test.yaml").write_text(cases)
    assert all(rule["alert"] in cases for rule in _rules())
    _promtool("test", "rules", str(tmp_path / "alerts.test.yaml"))
