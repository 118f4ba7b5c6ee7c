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
        return json.loads(data)
    except (zlib.error, ValueError, RecursionError) as error:
        raise Unreadable("This is no exported run: it is neither JSON nor deflated JSON.") from error
