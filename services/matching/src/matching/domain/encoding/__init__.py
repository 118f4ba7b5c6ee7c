"""From people and rules to the arrays of a market."""

from matching.domain.encoding.markets import Encoded, encode
from matching.domain.encoding.particulars import wish_lists

__all__ = ["Encoded", "encode", "wish_lists"]
