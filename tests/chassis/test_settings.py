from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis.settings import ServiceSettings


class OneMore(ServiceSettings):
    note_keys_file: Path


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MENTORSHIP_PORT", "abc", "MENTORSHIP_PORT: Input should be a valid integer"),
        ("MENTORSHIP_BATCH_SIZE", "0", "MENTORSHIP_BATCH_SIZE: Input should be greater than or equal to 1"),
        ("MENTORSHIP_HANDLER_SECONDS", "0", "MENTORSHIP_HANDLER_SECONDS: Input should be greater than 0"),
        ("MENTORSHIP_REQUEST_SECONDS", "-1", "MENTORSHIP_REQUEST_SECONDS: Input should be greater than 0"),
        ("MENTORSHIP_RETRY_BASE_SECONDS", "0", "MENTORSHIP_RETRY_BASE_SECONDS: Input should be greater than 0"),
        ("MENTORSHIP_HOST", "", "MENTORSHIP_NOTE_KEYS_FILE: Field required"),
    ],
)
def test_a_wrong_setting_ends_the_process_with_its_name_and_never_with_a_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv("MENTORSHIP_DATABASE_URL", "postgresql://u:canary@127.0.0.1/sessions")
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        OneMore()
    assert sentence in str(ended.value.code)
    assert "canary" not in str(ended.value.code)
    assert ended.value.__cause__ is None, "a traceback would show what was given"
    assert ended.value.__suppress_context__


def test_a_setting_may_stand_in_a_file_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mentorship_database_url").write_text("postgresql://u:canary@127.0.0.1/sessions\n")
    (tmp_path / "mentorship_port").write_text("8123\n")
    monkeypatch.setenv("MENTORSHIP_SECRETS_DIR", str(tmp_path))
    assert ServiceSettings().port == 8123
    assert ServiceSettings().database_url == SecretStr("postgresql://u:canary@127.0.0.1/sessions")
    monkeypatch.setenv("MENTORSHIP_PORT", "8124")
    assert ServiceSettings().port == 8124
