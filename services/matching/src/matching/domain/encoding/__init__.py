"""From people and rules to the arrays of a market."""

from matching.domain.encoding.markets import Encoded, encode, some_rows
from matching.domain.encoding.particulars import wish_lists
from matching.domain.encoding.shares import Shares

__all__ = ["Encoded", "Shares", "encode", "some_rows", "wish_lists"]
