"""Reads an exported run: JSON, plain, gzipped or deflated."""

import json
import zlib
from pathlib import Path
from typing import Any

from matching.domain.verify import Unreadable

LARGEST = 8 << 30
"""Bytes of the run's JSON; a file that inflates to more is none."""
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


def read_run(path: Path) -> Any:
    """The document in a file."""
    data = path.read_bytes()
    try:
        if data.lstrip()[:1] != b"{":
            inflate = zlib.decompressobj(wbits=_GZIP_OR_ZLIB)
            data = inflate.decompress(data, LARGEST)
        return json.loads(data, object_pairs_hook=_once)
    except (zlib.error, ValueError, RecursionError) as error:
        raise Unreadable(
            "This is no exported run: it is neither JSON nor deflated JSON, or has a field twice."
        ) from error


def _once(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no field stands twice: of two readers each could believe another one."""
    found = dict(fields)
    if len(found) < len(fields):
        raise ValueError("a field stands there twice")
    return found
