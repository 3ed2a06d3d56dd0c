"""Whose gate a lot row is within: its producer's, or that of whoever succeeded it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Projections follow the log: begun anew, they know of every succession from the first entry on.
    kept = (
        "registry_fact", "container", "manifest", "lot_row", "lot_total", "clock", "lot_flow", "flag", "stay",
        "treatment", "haul", "involved",
    )  # fmt: skip
    for name in kept:
        op.execute(f"DELETE FROM {name}")
    op.execute("UPDATE projection_state SET size = 0")
    op.add_column("lot_row", sa.Column("by_producer", sa.Boolean(), nullable=False, server_default=sa.false()))
