"""Lines of a CSV file (RFC 4180) that no spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterable

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins like this is worked out by spreadsheets: it gets an apostrophe, which they do not show."""


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Rows as text; numbers stay numbers, and no text leaves its cell."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return written.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    # A text that would be a number only with its sign is a text all the same.
    return f"'{value}" if value.lstrip().startswith(_FORMULA) or value.startswith(_FORMULA) else value
