"""From people and rules to the arrays of a market."""

from matching.domain.encoding.markets import Encoded, encode, some_rows
from matching.domain.encoding.particulars import wish_lists
from matching.domain.encoding.shares import contributions_of

__all__ = ["Encoded", "contributions_of", "encode", "some_rows", "wish_lists"]
