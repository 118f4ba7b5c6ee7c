"""A small company goes through one programme in about a minute: nothing but HR events and HTTP, as anybody could."""

from mentorship.demo.story import Ending, Story

__all__ = ["Ending", "Story"]
