"""The tables. The first block of each follows the customer's integration architecture, name for name.

``SCHEMA_VERSION`` is the file revision: SQLite's ``user_version``, and the number of the newest migration.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from storage.column_types import Ident, Json, JsonText, Moment

SCHEMA_VERSION = 2
APPLICATION_ID = 0x54616B74
"""SQLite's ``application_id`` of our files: "Takt" in ASCII."""

MAIN_HEAD = "main"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("plant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("name"),
)

algorithms = Table(
    "algorithms",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(50), nullable=False),
    Column("description", Text, nullable=False),
    UniqueConstraint("name"),
)

algorithm_profiles = Table(
    "algorithm_profiles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("algorithm_id", Integer, ForeignKey("algorithms.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("options", Json, nullable=False),
    Column("stock", Boolean(create_constraint=False), nullable=False, server_default=false()),
    UniqueConstraint("name"),
)

schedule_versions = Table(
    "schedule_versions",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("schedule_id", Ident, ForeignKey("schedules.id"), nullable=False),
    Column("parent_version_id", Ident, nullable=True),
    Column("data", JsonText, nullable=False),
    Column("diff_from_parent", Json, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Ident, ForeignKey("users.id"), nullable=True),
    Column("source", String(50), nullable=False),
    Column("metrics", Json, nullable=True),
    Column("number", Integer, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("comment", Text, nullable=False, server_default=""),
    UniqueConstraint("schedule_id", "number"),
    UniqueConstraint("schedule_id", "id"),
    ForeignKeyConstraint(
        ["schedule_id", "parent_version_id"],
        ["schedule_versions.schedule_id", "schedule_versions.id"],
        name="fk_schedule_versions_parent",
    ),
    CheckConstraint("source IN ('manual', 'optimization', 'import')", name="source"),
    CheckConstraint("number >= 1", name="number"),
)
"""Append-only: triggers refuse to change, replace or delete a row."""

heads = Table(
    "heads",
    metadata,
    Column("schedule_id", Ident, nullable=False),
    Column("name", String(200), nullable=False),
    Column("version_id", Ident, nullable=False),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("schedule_id", "name"),
    ForeignKeyConstraint(
        ["schedule_id", "version_id"],
        ["schedule_versions.schedule_id", "schedule_versions.id"],
        name="fk_heads_version",
    ),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("schedule_id", Ident, nullable=False),
    Column("head_name", String(200), nullable=False),
    Column("base_version_id", Ident, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("schedule_id", "head_name"),
    ForeignKeyConstraint(["schedule_id", "head_name"], ["heads.schedule_id", "heads.name"], name="fk_drafts_head"),
    ForeignKeyConstraint(
        ["schedule_id", "base_version_id"],
        ["schedule_versions.schedule_id", "schedule_versions.id"],
        name="fk_drafts_base_version",
    ),
)

draft_edits = Table(
    "draft_edits",
    metadata,
    Column("draft_id", Ident, ForeignKey("drafts.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("delta", JsonText, nullable=False),
    Column("delta_hash", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("draft_id", "seq"),
)

optimization_runs = Table(
    "optimization_runs",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("schedule_id", Ident, ForeignKey("schedules.id"), nullable=True),
    Column("algorithm_id", Integer, ForeignKey("algorithms.id"), nullable=False),
    Column("profile_id", Integer, ForeignKey("algorithm_profiles.id"), nullable=True),
    Column("status", String(20), nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("completed_at", Moment, nullable=True),
    Column("progress_percentage", Integer, nullable=False, server_default="0"),
    Column("input_hash", String(64), nullable=True),
    Column("lock_set", Json, nullable=True),
    Column("base_version_id", Ident, ForeignKey("schedule_versions.id"), nullable=True),
    Column("result_version_id", Ident, ForeignKey("schedule_versions.id"), nullable=True),
    Column("metrics", Json, nullable=True),
    Column("error", Json, nullable=True),
    Column("queued_at", Moment, nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    Column("options", Json, nullable=True),
    Column("seed", BigInteger, nullable=True),
    Column("step", Text, nullable=True),
    Column("warnings", Json, nullable=True),
    Column("created_by", Ident, ForeignKey("users.id"), nullable=True),
    Column("owner", Text, nullable=True),
    Column("program_version", String(50), nullable=True),
    Column("solver_version", String(50), nullable=True),
    Column("request", LargeBinary, nullable=True),
    Column("certificate", Json, nullable=True),
    Index(None, "schedule_id", "queued_at"),
    Index(None, "status"),
    CheckConstraint("status IN ('queued', 'running', 'completed', 'failed', 'cancelled')", name="status"),
    CheckConstraint("progress_percentage BETWEEN 0 AND 100", name="progress"),
)
"""``request`` is the whole request as compressed JSON, ``owner`` names the process that runs it.

``certificate`` is an ``engine.certificate.Certificate`` without its plan, which is the best incumbent.
"""

run_incumbents = Table(
    "run_incumbents",
    metadata,
    Column("run_id", Ident, ForeignKey("optimization_runs.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("elapsed_ms", BigInteger, nullable=False),
    Column("objective", Float(53), nullable=True),
    Column("bound", Float(53), nullable=True),
    Column("events", LargeBinary, nullable=False),
    PrimaryKeyConstraint("run_id", "seq"),
)
"""Every plan a run found, best last. ``events`` is compressed JSON: the list of placed operations."""

run_progress = Table(
    "run_progress",
    metadata,
    Column("run_id", Ident, ForeignKey("optimization_runs.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("elapsed_ms", BigInteger, nullable=False),
    Column("objective", Float(53), nullable=True),
    Column("bound", Float(53), nullable=True),
    PrimaryKeyConstraint("run_id", "seq"),
)
"""The curve of a run: best objective and bound over time."""
