"""What the requests of several modules have in common: who calls, whom they name, and how a bad value is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, Field

from chassis.http import Caller, Invalid, allow
from contracts.words import EmployeeId
from matching.domain.refusal import BadValue

Member = Annotated[Caller, allow("employee")]
Anybody = Annotated[Caller, allow("employee", "programme-manager", "platform-admin")]
Manager = Annotated[Caller, allow("programme-manager", "platform-admin")]
EmployeeInPath = Annotated[EmployeeId, Path(description="The company's own id of the employee.")]


def _printable(word: str) -> str:
    if not word.isprintable() or not word.strip():
        raise ValueError("is not one line of printable text")
    return word


Word = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
Words = Annotated[tuple[Word, ...], Field(max_length=100)]


@contextmanager
def naming_the_field() -> Iterator[None]:
    """Answers a value that makes no sense with 422 and the name of its field."""
    try:
        yield
    except BadValue as error:
        raise Invalid(error.field, error.detail) from error
