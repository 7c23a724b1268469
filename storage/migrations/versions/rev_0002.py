"""Links of runs to trackers, and named baselines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "tracker_links",
        sa.Column("run_key", _KEY, nullable=False),
        sa.Column("tracker", sa.String(500), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_key"], ["runs.run_key"], name="fk_tracker_links_run_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_key", "tracker", name="pk_tracker_links"),
    )
    op.create_index("ix_tracker_links_tracker", "tracker_links", ["tracker"])
    op.create_table(
        "baselines",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_baselines"),
    )


def downgrade() -> None:
    """Refused: a store is copied, or restored from a backup, but never brought back."""
    raise NotImplementedError("a store cannot be brought back to an older schema")
