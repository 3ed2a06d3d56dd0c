"""Who takes part in which container, manifest or delivery: what a party is shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "involved",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("who", "object", name="pk_involved"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_involved_object", "involved", ["object"])
    # Projections follow the log: begun anew, they take in who was involved from the first entry on.
    for name in ("registry_fact", "container", "manifest", "lot_row", "lot_flow", "flag", "stay"):
        op.execute(f"DELETE FROM {name}")
    op.execute("UPDATE projection_state SET size = 0")
