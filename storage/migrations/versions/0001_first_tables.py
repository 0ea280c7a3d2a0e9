"""The first tables, and the rows that every database starts with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

_IDENT = sa.String(36).with_variant(sa.Uuid(), "postgresql")
_MOMENT = sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")
_JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables and their stock rows."""
    _people_and_schedules()
    _algorithms()
    _versions()
    _drafts()
    _runs()


def _people_and_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", _IDENT, nullable=False),
        sa.Column("plant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
    )
    op.create_table(
        "users",
        sa.Column("id", _IDENT, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )


def _algorithms() -> None:
    algorithms = op.create_table(
        "algorithms",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_algorithms"),
        sa.UniqueConstraint("name", name="uq_algorithms_name"),
    )
    op.create_table(
        "algorithm_profiles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("algorithm_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("options", _JSON, nullable=False),
        sa.Column("stock", sa.Boolean(create_constraint=False), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name="pk_algorithm_profiles"),
        sa.ForeignKeyConstraint(
            ["algorithm_id"], ["algorithms.id"], name="fk_algorithm_profiles_algorithm_id_algorithms"
        ),
        sa.UniqueConstraint("name", name="uq_algorithm_profiles_name"),
    )
    op.bulk_insert(
        algorithms,
        [
            {"id": 1, "name": "auto", "description": "Chooses by the size of the problem"},
            {"id": 2, "name": "cp-sat", "description": "Exact; proves how good the plan is"},
            {"id": 3, "name": "cp-sat-lns", "description": "For large problems; improves part after part"},
            {"id": 4, "name": "dispatch", "description": "Rules only; a plan at once"},
        ],
    )
    for number, (algorithm, name, description, options) in enumerate(_PROFILES, start=1):
        # text() because a JSON value is text on one database and JSONB on the other
        value = "CAST(:options AS JSONB)" if op.get_context().dialect.name == "postgresql" else ":options"
        statement = sa.text(
            "INSERT INTO algorithm_profiles (id, algorithm_id, name, description, options, stock) "
            f"VALUES (:id, :algorithm, :name, :description, {value}, :stock)"
        )
        row = {"id": number, "algorithm": algorithm, "name": name, "description": description, "options": options}
        op.execute(statement.bindparams(**row, stock=True))
    if op.get_context().dialect.name == "postgresql":  # numbers given by hand do not move the sequence
        op.execute("SELECT setval('algorithm_profiles_id_seq', 4)")


_PROFILES = [
    (1, "Quick look", "A first plan in ten seconds", '{"timeLimit":10}'),
    (1, "Standard", "A good plan in a minute", '{"timeLimit":60}'),
    (1, "Overnight", "The best plan that eight hours can find", '{"timeLimit":28800}'),
    (1, "Least change", "Stays close to the present plan", '{"incrementalMode":true,"timeLimit":30}'),
]


def _versions() -> None:
    op.create_table(
        "schedule_versions",
        sa.Column("id", _IDENT, nullable=False),
        sa.Column("schedule_id", _IDENT, nullable=False),
        sa.Column("parent_version_id", _IDENT, nullable=True),
        sa.Column("data", _JSON, nullable=False),
        sa.Column("diff_from_parent", _JSON, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", _IDENT, nullable=True),
        sa.Column("source", sa.String(50), nullable=False),
        sa.Column("metrics", _JSON, nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_schedule_versions"),
        sa.UniqueConstraint("schedule_id", "number", name="uq_schedule_versions_schedule_id_number"),
        sa.UniqueConstraint("schedule_id", "id", name="uq_schedule_versions_schedule_id_id"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_schedule_versions_schedule_id_schedules"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_schedule_versions_created_by_users"),
        sa.ForeignKeyConstraint(
            ["schedule_id", "parent_version_id"],
            ["schedule_versions.schedule_id", "schedule_versions.id"],
            name="fk_schedule_versions_parent",
        ),
        sa.CheckConstraint("source IN ('manual', 'optimization', 'import')", name=op.f("ck_schedule_versions_source")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_schedule_versions_number")),
    )
    op.create_table(
        "heads",
        sa.Column("schedule_id", _IDENT, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version_id", _IDENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "name", name="pk_heads"),
        sa.ForeignKeyConstraint(
            ["schedule_id", "version_id"],
            ["schedule_versions.schedule_id", "schedule_versions.id"],
            name="fk_heads_version",
        ),
    )


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", _IDENT, nullable=False),
        sa.Column("schedule_id", _IDENT, nullable=False),
        sa.Column("head_name", sa.String(200), nullable=False),
        sa.Column("base_version_id", _IDENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
        sa.UniqueConstraint("schedule_id", "head_name", name="uq_drafts_schedule_id_head_name"),
        sa.ForeignKeyConstraint(
            ["schedule_id", "head_name"], ["heads.schedule_id", "heads.name"], name="fk_drafts_head"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id", "base_version_id"],
            ["schedule_versions.schedule_id", "schedule_versions.id"],
            name="fk_drafts_base_version",
        ),
    )
    op.create_table(
        "draft_edits",
        sa.Column("draft_id", _IDENT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("delta", _JSON, nullable=False),
        sa.Column("delta_hash", sa.String(64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "seq", name="pk_draft_edits"),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name="fk_draft_edits_draft_id_drafts", ondelete="CASCADE"),
    )


def _runs() -> None:
    op.create_table(
        "optimization_runs",
        sa.Column("id", _IDENT, nullable=False),
        sa.Column("schedule_id", _IDENT, nullable=True),
        sa.Column("algorithm_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("completed_at", _MOMENT, nullable=True),
        sa.Column("progress_percentage", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("input_hash", sa.String(64), nullable=True),
        sa.Column("lock_set", _JSON, nullable=True),
        sa.Column("base_version_id", _IDENT, nullable=True),
        sa.Column("result_version_id", _IDENT, nullable=True),
        sa.Column("metrics", _JSON, nullable=True),
        sa.Column("error", _JSON, nullable=True),
        sa.Column("queued_at", _MOMENT, nullable=False),
        sa.Column("label", sa.Text(), nullable=False, server_default=""),
        sa.Column("options", _JSON, nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("warnings", _JSON, nullable=True),
        sa.Column("created_by", _IDENT, nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("program_version", sa.String(50), nullable=True),
        sa.Column("solver_version", sa.String(50), nullable=True),
        sa.Column("request", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_optimization_runs"),
        *(
            sa.ForeignKeyConstraint([column], [target], name=f"fk_optimization_runs_{column}_{target[:-3]}")
            for column, target in (
                ("schedule_id", "schedules.id"),
                ("algorithm_id", "algorithms.id"),
                ("profile_id", "algorithm_profiles.id"),
                ("base_version_id", "schedule_versions.id"),
                ("result_version_id", "schedule_versions.id"),
                ("created_by", "users.id"),
            )
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_optimization_runs_status"),
        ),
        sa.CheckConstraint("progress_percentage BETWEEN 0 AND 100", name=op.f("ck_optimization_runs_progress")),
    )
    op.create_index("ix_optimization_runs_schedule_id_queued_at", "optimization_runs", ["schedule_id", "queued_at"])
    op.create_index("ix_optimization_runs_status", "optimization_runs", ["status"])
    for name, last in (
        ("run_incumbents", sa.Column("events", sa.LargeBinary(), nullable=False)),
        ("run_progress", None),
    ):
        op.create_table(
            name,
            sa.Column("run_id", _IDENT, nullable=False),
            sa.Column("seq", sa.Integer(), nullable=False),
            sa.Column("elapsed_ms", sa.BigInteger(), nullable=False),
            sa.Column("objective", sa.Float(53), nullable=True),
            sa.Column("bound", sa.Float(53), nullable=True),
            *([] if last is None else [last]),
            sa.PrimaryKeyConstraint("run_id", "seq", name=f"pk_{name}"),
            sa.ForeignKeyConstraint(
                ["run_id"], ["optimization_runs.id"], name=f"fk_{name}_run_id_optimization_runs", ondelete="CASCADE"
            ),
        )
