"""How the domain says no."""


class Refused(Exception):
    """The wish is understood and against a rule; `code` is for programs, `detail` for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
