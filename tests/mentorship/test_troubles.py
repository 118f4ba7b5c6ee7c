"""What can be wrong with a machine is told in one plain sentence, with a non-zero exit code."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def mentorship(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mentorship.cli", *arguments],
        env={**os.environ, "MENTORSHIP_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text and text.rstrip().endswith((".", ")"))


def test_a_port_that_was_asked_for_and_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = mentorship(tmp_path / "home", "up", "--port", f"matching={port}")
    assert up.returncode == 1
    assert f"Port {port}, asked for matching, is taken" in up.stderr
    assert is_one_sentence(up.stderr)


@pytest.mark.parametrize(
    "command", [["status"], ["token", "--employee", "E1"], ["mail"], ["trace", "--last"], ["logs"]]
)
def test_nothing_runs(tmp_path: Path, command: list[str]) -> None:
    said = mentorship(tmp_path / "home", *command)
    assert said.returncode == (2 if command == ["status"] else 1)
    assert "make up" in said.stderr
    assert is_one_sentence(said.stderr)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_the_disk_is_full(small_disk: Path) -> None:
    up = mentorship(small_disk / "home", "up")
    assert up.returncode == 1
    assert "is full" in up.stderr
    assert is_one_sentence(up.stderr)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as making .venv begins with."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=lambda *_: ["kubernetes", "observability"])
    return tmp_path


def bootstrap(checkout: Path, python: str) -> "subprocess.CompletedProcess[str]":
    """Run the bootstrap where `python` is a shell script that stands for the machine's only Python."""
    programs = checkout / "programs"
    programs.mkdir()
    for name in ("sh", "dirname", "cat", "tail", "cut", "touch"):
        (programs / name).symlink_to(shutil.which(name) or name)
    if python:
        (programs / "python3").write_text(f"#!/bin/sh\n{python}\n")
        (programs / "python3").chmod(0o755)
    return subprocess.run(
        [programs / "sh", checkout / "deploy" / "bootstrap.sh"],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_python_is_too_old(checkout: Path) -> None:
    made = bootstrap(checkout, 'case "$1" in -V) echo Python 3.9.2 ;; *) exit 1 ;; esac')
    assert made.returncode != 0
    assert "Python 3.11 or newer is needed and Python 3.9.2 was found" in made.stderr
    assert is_one_sentence(made.stderr)


def test_there_is_no_python(checkout: Path) -> None:
    made = bootstrap(checkout, "")
    assert made.returncode != 0
    assert "Python 3.11 or newer is needed and no Python was found" in made.stderr
    assert is_one_sentence(made.stderr)


def test_the_venv_module_is_missing(checkout: Path) -> None:
    made = bootstrap(checkout, f'case "$*" in *venv*) exit 1 ;; *) exec {sys.executable} "$@" ;; esac')
    assert made.returncode != 0
    assert "has no venv module" in made.stderr
    assert is_one_sentence(made.stderr)
