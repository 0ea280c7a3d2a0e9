"""Versions stored as changes, second parents, tags and states; scenarios with colours; merges that can be resumed.

Rows from before stay as they are: whole, in ``data``.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_IDENT = sa.String(36).with_variant(sa.Uuid(), "postgresql")
_MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
_JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
_SOURCES = "source IN ('manual', 'optimization', 'import', 'merge', 'rollback', 'cherry_pick')"
_VERSIONS = ["schedule_versions.schedule_id", "schedule_versions.id"]


def upgrade() -> None:
    """Widen the tables of versions and heads, and add those for what is said of versions and for merges."""
    if op.get_context().dialect.name == "postgresql":
        _widen_versions()
    else:
        _rebuild_versions()
    _scenarios()
    _marks()
    _merges()


def _version_columns() -> "list[sa.Column[Any]]":
    return [
        sa.Column("snapshot", sa.LargeBinary(), nullable=True),
        sa.Column("delta", sa.LargeBinary(), nullable=True),
        sa.Column("delta_hash", sa.String(64), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("chain_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("merge_parent_version_id", _IDENT, nullable=True),
        sa.Column("origin_version_id", _IDENT, nullable=True),
        sa.Column("run_id", _IDENT, nullable=True),
    ]


def _widen_versions() -> None:
    for column in _version_columns():
        op.add_column("schedule_versions", column)
    op.alter_column("schedule_versions", "data", existing_type=_JSON, nullable=True)
    op.drop_constraint(op.f("ck_schedule_versions_source"), "schedule_versions", type_="check")
    op.create_check_constraint(op.f("ck_schedule_versions_source"), "schedule_versions", _SOURCES)
    op.create_foreign_key(
        "fk_schedule_versions_merge_parent",
        "schedule_versions",
        "schedule_versions",
        ["schedule_id", "merge_parent_version_id"],
        ["schedule_id", "id"],
    )


def _rebuild_versions() -> None:
    """SQLite cannot change a constraint: a new table takes the rows over and then the name."""
    op.create_table(
        "schedule_versions_new",
        sa.Column("id", _IDENT, nullable=False),
        sa.Column("schedule_id", _IDENT, nullable=False),
        sa.Column("parent_version_id", _IDENT, nullable=True),
        sa.Column("data", _JSON, nullable=True),
        sa.Column("diff_from_parent", _JSON, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", _IDENT, nullable=True),
        sa.Column("source", sa.String(50), nullable=False),
        sa.Column("metrics", _JSON, nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False, server_default=""),
        *_version_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_schedule_versions"),
        sa.UniqueConstraint("schedule_id", "number", name="uq_schedule_versions_schedule_id_number"),
        sa.UniqueConstraint("schedule_id", "id", name="uq_schedule_versions_schedule_id_id"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_schedule_versions_schedule_id_schedules"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_schedule_versions_created_by_users"),
        sa.ForeignKeyConstraint(
            ["schedule_id", "parent_version_id"], _VERSIONS, name="fk_schedule_versions_parent"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id", "merge_parent_version_id"], _VERSIONS, name="fk_schedule_versions_merge_parent"
        ),
        sa.CheckConstraint(_SOURCES, name=op.f("ck_schedule_versions_source")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_schedule_versions_number")),
    )
    kept = (
        "id, schedule_id, parent_version_id, data, diff_from_parent, created_at, created_by, source, metrics, number, "
        "content_hash, comment"
    )
    op.execute(f"INSERT INTO schedule_versions_new ({kept}) SELECT {kept} FROM schedule_versions")
    op.drop_table("schedule_versions")
    op.rename_table("schedule_versions_new", "schedule_versions")


def _scenarios() -> None:
    for column in (
        sa.Column("description", sa.Text(), nullable=False, server_default=""),
        sa.Column("color", sa.String(9), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("from_version_id", _IDENT, nullable=True),
        sa.Column("archived_at", _MOMENT, nullable=True),
    ):
        op.add_column("heads", column)


def _marks() -> None:
    op.create_table(
        "version_tags",
        sa.Column("schedule_id", _IDENT, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version_id", _IDENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("schedule_id", "name", name="pk_version_tags"),
        sa.ForeignKeyConstraint(["schedule_id", "version_id"], _VERSIONS, name="fk_version_tags_version"),
    )
    op.create_table(
        "version_states",
        sa.Column("version_id", _IDENT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("version_id", "seq", name="pk_version_states"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["schedule_versions.id"], name="fk_version_states_version_id_schedule_versions"
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'published', 'withdrawn')", name=op.f("ck_version_states_state")
        ),
    )


def _merges() -> None:
    op.create_table(
        "merge_sessions",
        sa.Column("id", _IDENT, nullable=False),
        sa.Column("schedule_id", _IDENT, nullable=False),
        sa.Column("head_name", sa.String(200), nullable=False),
        sa.Column("head_version_id", _IDENT, nullable=False),
        sa.Column("base_version_id", _IDENT, nullable=False),
        sa.Column("ours_version_id", _IDENT, nullable=True),
        sa.Column("theirs_version_id", _IDENT, nullable=True),
        sa.Column("ours", sa.LargeBinary(), nullable=True),
        sa.Column("theirs", sa.LargeBinary(), nullable=True),
        sa.Column("run_id", _IDENT, nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("label", sa.Text(), nullable=False, server_default=""),
        sa.Column("prefer", sa.String(10), nullable=False, server_default="ours"),
        sa.Column("resolutions", _JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_merge_sessions"),
        sa.ForeignKeyConstraint(
            ["schedule_id", "head_name"], ["heads.schedule_id", "heads.name"], name="fk_merge_sessions_head"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id", "base_version_id"], _VERSIONS, name="fk_merge_sessions_base_version"
        ),
        sa.CheckConstraint("kind IN ('head', 'scenario', 'import', 'run')", name=op.f("ck_merge_sessions_kind")),
        sa.CheckConstraint("prefer IN ('ours', 'theirs')", name=op.f("ck_merge_sessions_prefer")),
    )
