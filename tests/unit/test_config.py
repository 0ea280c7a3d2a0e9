"""Settings: the command line over the environment over what is usual."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import load_settings
from engine.errors import ErrorCode, TaktwerkError


@pytest.fixture(autouse=True)
def no_settings_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE", "LOG_LEVEL", "LOG_DIR", "MAX_RUNNING", "USER"):
        monkeypatch.delenv(f"TAKTWERK_{name}", raising=False)


def test_without_settings_everything_has_a_place() -> None:
    settings = load_settings()
    assert Path(settings.database).is_absolute() and settings.database.endswith("taktwerk.db")
    assert settings.log_dir.is_absolute()
    assert (settings.log_level, settings.max_running) == ("INFO", 1)
    assert settings.user


def test_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTWERK_DATABASE", "postgresql://host/plan")
    monkeypatch.setenv("TAKTWERK_LOG_LEVEL", "debug")
    monkeypatch.setenv("TAKTWERK_MAX_RUNNING", "3")
    monkeypatch.setenv("TAKTWERK_USER", "")
    settings = load_settings(database="here.db", log_level=None)
    assert (settings.database, settings.log_level, settings.max_running) == ("here.db", "DEBUG", 3)
    assert settings.user, "an empty variable is none"
    assert load_settings().database == "postgresql://host/plan"


def test_every_setting_that_is_not_valid_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTWERK_MAX_RUNNING", "many")
    with pytest.raises(TaktwerkError) as raised:
        load_settings(log_level="loud")
    assert raised.value.code is ErrorCode.INVALID_SCHEDULE
    assert {fault["path"] for fault in raised.value.details["faults"]} == {
        "TAKTWERK_MAX_RUNNING",
        "TAKTWERK_LOG_LEVEL",
    }
    assert "'many'" in raised.value.message
