"""A made-up company of any size: the same people for the same seed, one at a time."""

from mentorship.company.people import LARGEST, SMALLEST, people
from mentorship.company.writing import write

__all__ = ["LARGEST", "SMALLEST", "people", "write"]
