import pytest
from rich.text import Text

from mentorship import terminal
from mentorship.commands import mail


def test_a_cell_is_shown_as_it_is_and_obeyed_by_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    cells = ("[bold]Ann[/x]", "a\x1b[31mb", None, 7, Text("red", style="red"))
    terminal.print_table("Cells", ("a", "b", "c", "d", "e"), [cells])
    shown = capsys.readouterr().out
    for words in ("[bold]Ann[/x]", r"a\x1b[31mb", "-", "7", "red"):
        assert words in shown


def test_a_mail_is_shown_as_it_is_and_obeyed_by_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = "From: a@x\r\nTo: b@x\r\nSubject: [/b]Ann\r\n\r\n\x1b[31m[/b]\r\n"
    kept = {"number": 1, "received_at": "2026-01-01T10:11:12", "to": ["b@x"], "subject": "[/b]Ann", "raw": raw}
    monkeypatch.setattr(mail, "ask", lambda *_, **__: [kept])
    for number in (0, 1):
        mail.mail(number, to="", limit=20, json=False)
    shown = capsys.readouterr().out
    assert shown.count("[/b]Ann") == 2
    assert "\n\\x1b[31m[/b]\n" in shown  # without the \\r that ends the lines of a mail
