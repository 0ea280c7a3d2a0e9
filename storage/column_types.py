"""Column types that mean the same on SQLite and PostgreSQL.

=============  ==============================  ==========================
value          SQLite                          PostgreSQL
=============  ==============================  ==========================
``Ident``      TEXT, 36 characters             UUID
``Moment``     INTEGER, UTC ms since 1970      TIMESTAMP WITH TIME ZONE
``Json``       TEXT, canonical JSON            JSONB
``JsonText``   TEXT, canonical JSON            JSONB
=============  ==============================  ==========================

On SQLite ``datetime(x / 1000, 'unixepoch')`` shows a moment, and ``json_extract`` reads into JSON.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, String, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from engine.instants import from_ms, to_ms
from storage import canonical

_log = logging.getLogger("taktwerk.storage")


def new_id() -> str:
    """Return a fresh random id (UUID 4)."""
    return str(uuid.uuid4())


def now() -> dt.datetime:
    """Return this moment in UTC, cut to whole milliseconds."""
    return from_ms(to_ms(dt.datetime.now(dt.UTC)))


class Ident(TypeDecorator[str]):
    """A UUID as text with hyphens in lower case."""

    impl = String
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(36)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the server's own UUID type."""
        return dialect.type_descriptor(Uuid(as_uuid=False) if dialect.name == "postgresql" else String(36))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Send the canonical spelling; a text that is no UUID becomes one that names nothing."""
        if value is None:
            return None
        try:
            return str(uuid.UUID(value))
        except ValueError:
            return str(uuid.UUID(int=0))


class Moment(TypeDecorator[dt.datetime]):
    """An aware UTC datetime in whole milliseconds."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the server's own timestamp type."""
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger())

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """Refuse a datetime without a zone: its moment is not known."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime must be aware (carry a time zone)")
        return value if dialect.name == "postgresql" else to_ms(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """Return an aware datetime."""
        if value is None:
            return None
        return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else from_ms(value)


class JsonText(TypeDecorator[bytes]):
    """JSON that goes in and comes out as canonical bytes, so that they can be hashed.

    A server with a JSON type of its own does not keep the spelling; there the bytes are made anew from the data.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the server's own JSON type."""
        return dialect.type_descriptor(JSONB(none_as_null=True) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        """Send text, or data where the server has a type for it."""
        if value is None:
            return None
        return canonical.loads(value) if dialect.name == "postgresql" else value.decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return canonical bytes."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return canonical.dumps(value)
        return value.encode() if isinstance(value, str) else bytes(value)


class Json(TypeDecorator[Any]):
    """Small JSON data; ``None`` is SQL NULL. Text that is no JSON any more reads as ``None``, with a warning."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the server's own JSON type."""
        return dialect.type_descriptor(JSONB(none_as_null=True) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Send canonical text, or data where the server has a type for it."""
        if value is None:
            return None
        text = canonical.dumps(value)
        return canonical.loads(text) if dialect.name == "postgresql" else text.decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Return the data."""
        if value is None or dialect.name == "postgresql":
            return value
        try:
            return canonical.loads(value)
        except ValueError:
            _log.warning("a stored JSON value is damaged and is left out")
            return None
