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

SCHEMA_VERSION = 4
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
    Column("data", JsonText, nullable=True),
    Column("diff_from_parent", JsonText, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Ident, ForeignKey("users.id"), nullable=True),
    Column("source", String(50), nullable=False),
    Column("metrics", Json, nullable=True),
    Column("number", Integer, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("comment", Text, nullable=False, server_default=""),
    Column("snapshot", LargeBinary, nullable=True),
    Column("delta", LargeBinary, nullable=True),
    Column("delta_hash", String(64), nullable=True),
    Column("depth", Integer, nullable=False, server_default="0"),
    Column("chain_bytes", BigInteger, nullable=False, server_default="0"),
    Column("merge_parent_version_id", Ident, nullable=True),
    Column("origin_version_id", Ident, nullable=True),
    Column("run_id", Ident, nullable=True),
    UniqueConstraint("schedule_id", "number"),
    UniqueConstraint("schedule_id", "id"),
    ForeignKeyConstraint(
        ["schedule_id", "parent_version_id"],
        ["schedule_versions.schedule_id", "schedule_versions.id"],
        name="fk_schedule_versions_parent",
    ),
    ForeignKeyConstraint(
        ["schedule_id", "merge_parent_version_id"],
        ["schedule_versions.schedule_id", "schedule_versions.id"],
        name="fk_schedule_versions_merge_parent",
    ),
    CheckConstraint(
        "source IN ('manual', 'optimization', 'import', 'merge', 'rollback', 'cherry_pick')", name="source"
    ),
    CheckConstraint("number >= 1", name="number"),
)
"""Append-only: triggers refuse to change, replace or delete a row.

The content (see ``storage.version_form``) is ``data`` (JSON; every row from before revision 3, and small schedules), or
``snapshot`` (the same, compressed), or the parent's content and the delta. The delta to the parent is
``diff_from_parent`` (JSON) or, if large, ``delta`` (compressed); ``delta_hash`` is its SHA-256. ``depth`` counts the
deltas back to the last whole content, ``chain_bytes`` adds up their bytes.

``merge_parent_version_id`` is the second parent of a merge, ``origin_version_id`` the version that a rollback went back
to or a cherry-pick took from, ``run_id`` the optimisation run that a plan is from.
"""

version_tags = Table(
    "version_tags",
    metadata,
    Column("schedule_id", Ident, nullable=False),
    Column("name", String(200), nullable=False),
    Column("version_id", Ident, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=True),
    PrimaryKeyConstraint("schedule_id", "name"),
    ForeignKeyConstraint(
        ["schedule_id", "version_id"],
        ["schedule_versions.schedule_id", "schedule_versions.id"],
        name="fk_version_tags_version",
    ),
)

version_states = Table(
    "version_states",
    metadata,
    Column("version_id", Ident, ForeignKey("schedule_versions.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=True),
    PrimaryKeyConstraint("version_id", "seq"),
    CheckConstraint("state IN ('draft', 'approved', 'published', 'withdrawn')", name="state"),
)
"""What was said of versions after they were saved: the last row is the state, all rows the story with its notes."""

heads = Table(
    "heads",
    metadata,
    Column("schedule_id", Ident, nullable=False),
    Column("name", String(200), nullable=False),
    Column("version_id", Ident, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("color", String(9), nullable=True),
    Column("created_at", Moment, nullable=True),
    Column("created_by", Text, nullable=True),
    Column("from_version_id", Ident, nullable=True),
    Column("archived_at", Moment, nullable=True),
    PrimaryKeyConstraint("schedule_id", "name"),
    ForeignKeyConstraint(
        ["schedule_id", "version_id"],
        ["schedule_versions.schedule_id", "schedule_versions.id"],
        name="fk_heads_version",
    ),
)
"""``color`` is #rrggbb, ``from_version_id`` the version that a scenario began at, ``archived_at`` when it was put away
(``None``: it was not)."""

merge_sessions = Table(
    "merge_sessions",
    metadata,
    Column("id", Ident, primary_key=True),
    Column("schedule_id", Ident, nullable=False),
    Column("head_name", String(200), nullable=False),
    Column("head_version_id", Ident, nullable=False),
    Column("base_version_id", Ident, nullable=False),
    Column("ours_version_id", Ident, nullable=True),
    Column("theirs_version_id", Ident, nullable=True),
    Column("ours", LargeBinary, nullable=True),
    Column("theirs", LargeBinary, nullable=True),
    Column("run_id", Ident, nullable=True),
    Column("kind", String(20), nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    Column("prefer", String(10), nullable=False, server_default="ours"),
    Column("resolutions", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("created_by", Text, nullable=True),
    ForeignKeyConstraint(
        ["schedule_id", "head_name"], ["heads.schedule_id", "heads.name"], name="fk_merge_sessions_head"
    ),
    ForeignKeyConstraint(
        ["schedule_id", "base_version_id"],
        ["schedule_versions.schedule_id", "schedule_versions.id"],
        name="fk_merge_sessions_base_version",
    ),
    CheckConstraint("kind IN ('head', 'scenario', 'import', 'run')", name="kind"),
    CheckConstraint("prefer IN ('ours', 'theirs')", name="prefer"),
)
"""Merges that are not finished, with the choices made so far. A side is a version, or compressed JSON of a schedule."""

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
    Column("head_name", String(200), nullable=True),
    Index(None, "schedule_id", "queued_at"),
    Index(None, "status"),
    CheckConstraint("status IN ('queued', 'running', 'completed', 'failed', 'cancelled')", name="status"),
    CheckConstraint("progress_percentage BETWEEN 0 AND 100", name="progress"),
)
"""``request`` is the whole request as compressed JSON, ``owner`` names the process that runs it. ``head_name`` is the
head that the run was made for, ``None`` when that is not known or the head is gone.

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
