"""The certificate of a run: what it claims of its plan, so that anybody can check it again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; runs from before have none."""
    json = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("optimization_runs", sa.Column("certificate", json, nullable=True))
