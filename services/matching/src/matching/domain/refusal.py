"""The two ways in which matching says no."""


class Refused(Exception):
    """A business rule does not allow what was asked; `code` is stable, `detail` is for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class BadValue(Exception):
    """A value makes no sense, whatever the state of things: `field` names it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail
