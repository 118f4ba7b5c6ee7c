"""docker-compose.yml holds every container to the same rules, and hands each only what is its own."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mentorship.containers import write_secrets

ROOT = Path(__file__).parents[2]
SERVICES = ("matching", "sessions", "notifications", "analytics")
FOREIGN_ROOT = {"observability"}
"""An image of others that is made to run as root and writes beside its programs; it starts on request alone."""
Container = dict[str, Any]


@pytest.fixture(scope="module")
def containers() -> dict[str, Container]:
    """The services of the file, anchors resolved."""
    content: dict[str, dict[str, Container]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content["services"]


def _volumes(container: Container) -> Iterator[tuple[str, str]]:
    for volume in container.get("volumes", []):
        source, target, *_ = volume.split(":")
        yield source, target


def test_every_container_runs_without_root_and_without_capabilities(containers: dict[str, Container]) -> None:
    for name, container in containers.items():
        assert container["cap_drop"] == ["ALL"], name
        assert "cap_add" not in container, name
        assert container["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in container, name
        if name not in FOREIGN_ROOT:
            assert container["read_only"] is True, name
            assert container["user"] in {"10001:10001", "postgres"}, name


def test_every_container_has_a_health_check(containers: dict[str, Container]) -> None:
    for name, container in containers.items():
        assert container["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, name


def test_a_service_mounts_its_own_secrets_and_nobody_elses(containers: dict[str, Container]) -> None:
    for service in SERVICES:
        assert list(_volumes(containers[service])) == [(service, "/secrets")]
        assert list(_volumes(containers[f"{service}-migrate"])) == [(f"{service}-owner", "/secrets")]
    readers = {name for name, container in containers.items() if "home" in dict(_volumes(container))}
    assert readers == {"secrets", "databases"}, "whoever mounts `home` holds every password"


def test_a_service_cannot_change_what_it_was_given(containers: dict[str, Container]) -> None:
    for service in SERVICES:
        assert all(volume.endswith(":ro") for volume in containers[service]["volumes"])


def test_matching_is_told_whose_source_is_whose_by_a_file_and_mails_name_where_to_unsubscribe(tmp_path: Path) -> None:
    for name in ("home", "nats", "operator", "standin", "postgres", *SERVICES, *(f"{one}-owner" for one in SERVICES)):
        (tmp_path / name).mkdir()
    write_secrets(tmp_path)
    declared = json.loads((tmp_path / "matching" / "publishers.json").read_text())
    assert declared["hr"] == {"source": "/hr", "caller": "hr", "subjects": ["hr.employee.>"]}
    assert len((tmp_path / "notifications" / "mentorship_unsubscribe_key").read_text()) >= 32


def test_the_public_address_and_the_publishers_are_named(containers: dict[str, Container]) -> None:
    assert containers["matching"]["environment"]["MENTORSHIP_PUBLISHERS_FILE"] == "/secrets/publishers.json"
    assert containers["notifications"]["environment"]["MENTORSHIP_PUBLIC_URL"].startswith("http://127.0.0.1:")


def test_no_secret_stands_in_the_file(containers: dict[str, Container]) -> None:
    for name, container in containers.items():
        for variable, value in container.get("environment", {}).items():
            secret = any(word in variable for word in ("PASSWORD", "SECRET", "KEY", "TOKEN", "DATABASE_URL"))
            assert not secret or str(value).startswith("/secrets"), f"{name}: {variable}"


def test_ports_are_published_on_this_machine_alone(containers: dict[str, Container]) -> None:
    for name, container in containers.items():
        assert all(port.startswith("127.0.0.1:") for port in container.get("ports", [])), name


def test_what_a_job_prepares_is_waited_for(containers: dict[str, Container]) -> None:
    done = {"condition": "service_completed_successfully"}
    for service in SERVICES:
        needs = containers[service]["depends_on"]
        assert needs[f"{service}-migrate"] == needs["topology"] == done
        assert containers[f"{service}-migrate"]["depends_on"] == {"databases": done}


def test_the_command_image_has_a_folder_for_every_volume_that_the_secrets_job_fills(
    containers: dict[str, Container],
) -> None:
    recipe = (ROOT / "deploy/Dockerfile").read_text()
    folders = recipe.partition("for volume in ")[2].partition(";")[0].replace("\\", " ").split()
    assert sorted(folders) == sorted(source for source, _ in _volumes(containers["secrets"]))


@pytest.mark.parametrize("profile", [[], ["--env-file", "deploy/observability/compose.env"]], ids=["plain", "observed"])
def test_compose_itself_accepts_the_file(profile: list[str]) -> None:
    if not shutil.which("docker") or _compose("version").returncode:
        pytest.skip("docker compose is not installed here")
    done = _compose(*profile, "config", "--format", "json")
    assert done.returncode == 0, done.stderr
    names = set(json.loads(done.stdout)["services"])
    assert ("observability" in names) == bool(profile)


def _compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", "compose", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
