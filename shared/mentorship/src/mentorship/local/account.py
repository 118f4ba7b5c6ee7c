"""Whom the servers run as, and folders that this user can reach.

PostgreSQL refuses to run as root. When we are root the servers run as an existing unprivileged user,
and what that user must read or write lies where it can reach it; no permission of a folder that is
not ours is changed and no user is added.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from mentorship.problem import Problem

CANDIDATES = ("nobody", "daemon", "www-data")


@dataclass(frozen=True)
class Account:
    """An unprivileged user of this machine."""

    name: str
    uid: int
    gid: int


@cache
def account() -> Account | None:
    """The user the servers run as: None for ourselves, a system user when we are root."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise Problem(
        "PostgreSQL does not run as root and none of the users "
        f"{', '.join(CANDIDATES)} exists here: run this as an ordinary user."
    )


def can(who: Account, mode: str, path: Path) -> bool:
    """Whether `who` can read (`r`), write (`w`) or enter or execute (`x`) a path, asked of the kernel."""
    asked = subprocess.run(
        ["test", f"-{mode}", str(path)], user=who.uid, group=who.gid, extra_groups=[], cwd="/", check=False
    )
    return asked.returncode == 0


def owned(folder: Path) -> Path:
    """Make `folder` the account's own and return where it really lies.

    Where the account cannot reach `folder`, it lies in a system folder instead and `folder` becomes a
    link to it.
    """
    who = account()
    if who is None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    if folder.is_symlink():
        real = folder.readlink()
        real.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give(real, who)
        return real
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _give(folder, who)
    if can(who, "x", folder):
        return folder
    return _moved(folder, who)


def give(path: Path) -> None:
    """Let the account alone read and write a file or folder of ours."""
    path.chmod(0o700 if path.is_dir() else 0o600)
    who = account()
    if who is not None:
        os.chown(path, who.uid, who.gid)


def identity() -> dict[str, Any]:
    """What `subprocess` needs to start a process as the account."""
    who = account()
    return {} if who is None else {"user": who.uid, "group": who.gid, "extra_groups": []}


def forget(folder: Path) -> None:
    """Remove a folder that `owned` made, wherever it lies."""
    real = folder.readlink() if folder.is_symlink() else folder
    shutil.rmtree(real, ignore_errors=True)
    if folder.is_symlink():
        folder.unlink()


def reachable(root: Path, parts: Sequence[str], executable: str, name: str) -> Path:
    """`root`, or a folder `name` with copies of these parts of it, where the account can run `executable`.

    The copies keep their places below `root`, since programs find their libraries by them.
    """
    who = account()
    if who is None or _runs(who, root / executable):
        return root
    copy = _system_folder() / "bin" / name
    if not _runs(who, copy / executable):
        copy.parent.mkdir(exist_ok=True)
        copy.parent.chmod(0o755)
        _copy(root, parts, copy)
    if not _runs(who, copy / executable):
        raise Problem(f"The user {who.name} cannot run {copy / executable}: run this as an ordinary user.")
    return copy


def _copy(root: Path, parts: Sequence[str], copy: Path) -> None:
    """Copy aside and rename, so that nobody finds half a copy."""
    scratch = copy.with_name(f".{copy.name}.{uuid4().hex}")
    for part in parts:
        target = scratch / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (root / part).is_dir():
            shutil.copytree(root / part, target, symlinks=True)
        elif (root / part).exists():
            shutil.copy(root / part, target)
    for folder in (scratch, *(path for path in scratch.rglob("*") if path.is_dir() and not path.is_symlink())):
        folder.chmod(0o755)
    if copy.exists():
        copy.rename(scratch / "replaced")
    try:
        scratch.rename(copy)
    except OSError:  # another process was first
        shutil.rmtree(scratch)
    shutil.rmtree(copy / "replaced", ignore_errors=True)


def _runs(who: Account, program: Path) -> bool:
    """Whether the account can start a program and the program finds its libraries."""
    try:
        asked = subprocess.run(
            [program, "--version"],
            user=who.uid,
            group=who.gid,
            extra_groups=[],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return asked.returncode == 0


def _moved(folder: Path, who: Account) -> Path:
    name = f"{folder.name}-{sha256(str(folder.absolute()).encode()).hexdigest()[:12]}"
    real = _system_folder() / name
    real.mkdir(mode=0o700, parents=True, exist_ok=True)
    _give(real, who)
    if not can(who, "w", real):
        raise Problem(f"The user {who.name} cannot write {real}: run this as an ordinary user.")
    folder.rmdir()
    folder.symlink_to(real)
    return real


@cache
def _system_folder() -> Path:
    """A folder of ours that every user can enter; made by us, so its permissions are ours to set."""
    for parent in (Path("/var/lib"), Path(tempfile.gettempdir())):
        folder = parent / "mentorship"
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
        except OSError:
            continue
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o755)  # a strict umask took bits away
            return folder
    raise Problem("Neither /var/lib nor the folder for temporary files can be written.")


def _give(folder: Path, who: Account) -> None:
    if folder.stat().st_uid == who.uid:
        return
    os.chown(folder, who.uid, who.gid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, who.uid, who.gid, follow_symlinks=False)
