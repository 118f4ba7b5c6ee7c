"""Employees from a file to HR events: read and check each row, publish the good ones, note the others."""

from mentorship.importing.rows import Row, read_rows
from mentorship.importing.sending import Outcome, envelope, outgoing, send, send_one

__all__ = ["Outcome", "Row", "envelope", "outgoing", "read_rows", "send", "send_one"]
