"""The two ways in which matching says no."""

from typing import Self


class Refused(Exception):
    """A business rule does not allow what was asked; `code` is stable, `detail` is for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.code, self.detail)


class BadValue(Exception):
    """A value makes no sense, whatever the state of things: `field` names it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        # Said in a worker's child process, heard in the worker.
        return type(self), (self.field, self.detail)
