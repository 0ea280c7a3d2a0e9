"""Settings: from the environment (``TAKTWERK_*``), overridden by the command line.

==============================  ===============================================
variable                        meaning
==============================  ===============================================
``TAKTWERK_DATABASE``           file, or ``postgresql://user@host/name``
``TAKTWERK_LOG_LEVEL``          ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``
``TAKTWERK_LOG_DIR``            folder of the log files
``TAKTWERK_MAX_RUNNING``        optimisations at a time, 1 to 64; the rest queue
``TAKTWERK_KEEP_SOLVER_READY``  whether the workstation keeps a solver started
``TAKTWERK_USER``               who saves versions
==============================  ===============================================
"""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.errors import ErrorCode, TaktwerkError

_PREFIX = "TAKTWERK_"


def _default_database() -> str:
    return str(platformdirs.user_data_path("taktwerk", appauthor=False) / "taktwerk.db")


def _default_log_dir() -> Path:
    return platformdirs.user_log_path("taktwerk", appauthor=False)


def _default_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in some containers
        return "planner"


class Settings(BaseSettings):
    """What can be set from outside. Frozen; made by ``load_settings``."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, env_ignore_empty=True)

    database: Annotated[str, Field(min_length=1)] = Field(default_factory=_default_database)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_dir: Path = Field(default_factory=_default_log_dir)
    max_running: Annotated[int, Field(ge=1, le=64)] = 1
    keep_solver_ready: bool = True
    user: Annotated[str, Field(min_length=1, max_length=200)] = Field(default_factory=_default_user)

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value


def load_settings(**overrides: Any) -> Settings:
    """Return the settings; an override that is not ``None`` wins over the environment.

    Raises
    ------
    TaktwerkError
        E001 naming every setting that is not valid.
    """
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})
    except ValidationError as error:
        faults = [
            {
                "path": f"{_PREFIX}{str(fault['loc'][0]).upper()}",
                "value": repr(fault["input"])[:80],
                "reason": fault["msg"],
            }
            for fault in error.errors()
        ]
        shown = "; ".join(f"{fault['path']} = {fault['value']}: {fault['reason']}" for fault in faults)
        raise TaktwerkError(
            ErrorCode.INVALID_SCHEDULE, f"The settings are not valid: {shown}.", {"faults": faults}
        ) from None
