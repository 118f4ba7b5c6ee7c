"""The import rules in pyproject.toml catch a fault planted against each of them."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("matching", "sessions", "notifications", "analytics")
ROOMS: Mapping[str, str] = {
    "__init__.py": "",
    "__main__.py": "from {service} import main\n",
    "main.py": "from {service} import api, settings, subscribers\nimport chassis.service\n",
    "settings.py": "import chassis.settings\n",
    "api.py": "from {service} import handlers\nfrom {service}.adapters import db\nimport fastapi\n",
    "subscribers.py": "from {service} import handlers\nimport chassis.service\n",
    "handlers.py": "from {service} import adapters, domain\nimport contracts.hr\n",
    "adapters/__init__.py": "",
    "adapters/db.py": "from {service} import domain\nimport sqlalchemy\nimport chassis.service\n",
    "domain/__init__.py": "from {service}.domain import offer\n",
    "domain/offer.py": "import contracts.{service}\nimport datetime\n",
}


class Fault(NamedTuple):
    """One forbidden import, the file it is planted in, and words of the rule that it breaks."""

    file: str
    planted: str
    rule: str


FAULTS = (
    Fault("sessions/handlers.py", "import matching.domain", "services do not know each other"),
    Fault("chassis/service.py", "import analytics.main", "services do not know each other"),
    Fault("contracts/hr.py", "import chassis.service", "services do not know each other"),
    Fault("mentorship/cli.py", "import notifications.settings", "services do not know each other"),
    Fault("analytics/domain/offer.py", "import analytics.adapters.db", "same rooms"),
    Fault("matching/adapters/db.py", "import matching.handlers", "same rooms"),
    Fault("sessions/handlers.py", "import sessions.api", "same rooms"),
    Fault("sessions/api.py", "import sessions.subscribers", "same rooms"),
    Fault("sessions/subscribers.py", "import sessions.main", "same rooms"),
    Fault("notifications/utilities.py", "", "same rooms"),
    Fault("matching/api.py", "import matching.settings", "settings are read by main and by the command alone"),
    Fault("notifications/domain/offer.py", "import random", "domain decides without"),
    Fault("notifications/domain/offer.py", "import time", "domain decides without"),
    Fault("notifications/domain/offer.py", "import sqlalchemy", "domain decides without"),
    Fault("notifications/domain/offer.py", "import chassis.service", "domain decides without"),
    Fault("matching/handlers.py", "import sqlalchemy", "know no framework and no SQL"),
    Fault("matching/handlers.py", "import fastapi", "know no framework and no SQL"),
    Fault("analytics/subscribers.py", "import nats", "know no framework and no SQL"),
    Fault("analytics/adapters/db.py", "import faststream", "adapters know no web or message framework"),
    Fault("chassis/service.py", "import contracts.matching", "knows what an event is, and no event"),
    Fault("contracts/hr.py", "import sqlalchemy", "pydantic models and nothing else"),
    Fault("chassis/settings.py", "import chassis.service", "no cycles"),
)


def _plant(tree: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small platform in which every rule holds."""
    owners = ("hr", *SERVICES)
    _plant(tmp_path, {"contracts/__init__.py": "", "contracts/event.py": "import pydantic\n"})
    _plant(tmp_path, {f"contracts/{owner}.py": "import contracts.event\n" for owner in owners})
    _plant(tmp_path, {"chassis/__init__.py": "", "chassis/settings.py": "import pydantic_settings\n"})
    _plant(tmp_path, {"chassis/service.py": "import chassis.settings\nimport contracts.event\n"})
    _plant(
        tmp_path, {"mentorship/__init__.py": "", "mentorship/cli.py": "import chassis.service\nimport contracts.hr\n"}
    )
    for service in SERVICES:
        _plant(tmp_path, {f"{service}/{name}": text.format(service=service) for name, text in ROOMS.items()})
    _plant(tmp_path, {"sessions/cli.py": "from sessions import main, settings\n"})
    return tmp_path


def _broken_rules(tree: Path) -> list[str]:
    """The names of the rules that the tree breaks."""
    linter = str(Path(sys.executable).with_name("lint-imports"))
    command = [linter, "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    environment = os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "400"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    broken = [line.removesuffix(" BROKEN").strip() for line in done.stdout.splitlines() if line.endswith(" BROKEN")]
    assert (done.returncode != 0) == bool(broken)
    return broken


def test_a_platform_that_keeps_to_its_rooms_passes(tree: Path) -> None:
    assert _broken_rules(tree) == []


def test_optional_rooms_may_be_absent_and_entry_points_may_be_there(tree: Path) -> None:
    (tree / "analytics/api.py").unlink()
    _plant(
        tree, {"analytics/main.py": "import analytics.subscribers\n", "matching/worker.py": "import matching.main\n"}
    )
    assert _broken_rules(tree) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.file}: {fault.planted}")
def test_a_planted_fault_is_caught(tree: Path, fault: Fault) -> None:
    path = tree / fault.file
    path.write_text((path.read_text() if path.exists() else "") + fault.planted + "\n")
    assert any(fault.rule in rule for rule in _broken_rules(tree))


def test_a_fault_is_planted_for_every_rule() -> None:
    unproven = [rule["name"] for rule in _rules() if not any(fault.rule in rule["name"] for fault in FAULTS)]
    assert unproven == []


def test_the_chassis_is_kept_from_every_module_that_defines_events() -> None:
    (rule,) = (rule for rule in _rules() if rule.get("source_modules") == ["chassis"])
    modules = [path for path in (ROOT / "shared/contracts/src/contracts").glob("*.py") if path.stem != "event"]
    with_events = {
        f"contracts.{path.stem}" for path in modules if re.search(r'subject="(hr|mentorship)\.', path.read_text())
    }
    assert with_events <= set(rule["forbidden_modules"])


CLOCK_AND_CHANCE = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7", "getrandbits", "default_rng", "urandom"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_domain_calls_no_clock_and_no_chance(service: str) -> None:
    source = ROOT / f"services/{service}/src/{service}"
    files = [*source.glob("domain.py"), *source.glob("domain/**/*.py")]
    called = {(path.name, name) for path in files for name in _calls(path) if name in CLOCK_AND_CHANCE}
    assert files, "every service has a domain"
    assert called == set()


def _calls(path: Path) -> list[str]:
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return [func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls]


def _rules() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return rules
