"""The head that a run was made for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; runs from before get the head of their schedule where there is only one, else none."""
    op.add_column("optimization_runs", sa.Column("head_name", sa.String(200), nullable=True))
    op.execute(
        "UPDATE optimization_runs SET head_name = "
        "(SELECT min(heads.name) FROM heads WHERE heads.schedule_id = optimization_runs.schedule_id "
        "HAVING count(*) = 1)"
    )
