"""From people and rules to the arrays of a market."""

from matching.domain.encoding.markets import Encoded, encode

__all__ = ["Encoded", "encode"]
