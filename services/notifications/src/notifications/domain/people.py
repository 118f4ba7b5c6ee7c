"""The people who are written to, as far as this service knows them."""

from dataclasses import dataclass, field

Choices = dict[str, dict[str, bool]]
"""What somebody chose: kind -> channel -> wanted."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's address and what they want to hear; without `email` the directory does not know them (yet)."""

    employee_id: str
    name: str | None = None
    email: str | None = None
    timezone: str = "UTC"
    language: str = "en"
    departed: bool = False
    erased: bool = False
    choices: Choices = field(default_factory=dict)
