"""What went wrong, as one plain sentence for the person at the terminal."""


class Problem(Exception):
    """Ends a command: its sentence is printed to stderr and `exit_code` is the command's answer.

    The sentence says what is the matter and, where it is not obvious, what to do next.
    """

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exit_code = exit_code
