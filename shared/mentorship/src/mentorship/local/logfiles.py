"""The log files of the processes: one each, kept small."""

import contextlib
import shutil
from pathlib import Path

MOST = 32 << 20
"""Bytes of one log file before its content moves to `<name>.log.1`."""


def trim(folder: Path, most: int = MOST) -> None:
    """Move what large log files hold to a second file each and empty them.

    Their writers append, so they go on at the start of the emptied file.
    """
    for log in folder.glob("*.log"):
        with contextlib.suppress(OSError):
            if log.stat().st_size > most:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                with log.open("r+b") as file:
                    file.truncate(0)
