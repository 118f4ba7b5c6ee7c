"""Folders and binaries that the servers' unprivileged user can reach, and nobody's permissions changed for it."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from mentorship.local.account import account, can, forget, owned, reachable
from mentorship.local.nats import NatsServer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands folders to another user")


def test_data_in_a_private_folder_lies_elsewhere_and_a_link_leads_there(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    before = stat.S_IMODE(private.stat().st_mode)
    link = private / "data"
    server = NatsServer(link)
    server.start()
    server.kill()
    assert link.is_symlink()
    assert (link.resolve() / "nats.conf").exists()
    assert stat.S_IMODE(private.stat().st_mode) == before
    assert owned(link) == link.readlink()  # the same place again
    real = link.readlink()
    forget(link)
    assert not real.exists()
    assert not link.is_symlink()


def test_a_program_in_a_private_folder_is_copied_with_its_libraries_to_where_it_can_be_run(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "say"
    program.parent.mkdir(mode=0o700)
    program.write_text('#!/bin/sh\ncat "$(dirname "$0")/../lib/word"\n')
    program.chmod(0o755)
    (tmp_path / "lib").mkdir(mode=0o700)
    (tmp_path / "lib" / "word").write_text("yes\n")
    who = account()
    assert who is not None
    assert not can(who, "x", program)
    copy = reachable(tmp_path, ["bin/say", "lib"], "bin/say", f"test-{os.getpid()}")
    try:
        said = subprocess.run(
            [copy / "bin" / "say"], user=who.uid, group=who.gid, capture_output=True, cwd="/", check=True
        )
        assert said.stdout == b"yes\n"
        assert reachable(tmp_path, ["bin/say", "lib"], "bin/say", f"test-{os.getpid()}") == copy
    finally:
        subprocess.run(["rm", "-r", str(copy)], check=True)
