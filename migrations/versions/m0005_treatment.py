"""What facilities treated for good, and whether residues were recorded with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "treatment",
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("facility", "method", "batch", "at", "statement")),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.Column("residues", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("container", "n", name="pk_treatment"),
    )
    op.create_index("ix_treatment_facility", "treatment", ["facility"])
    # Projections follow the log: begun anew, they take in every treatment from the first entry on.
    for name in ("registry_fact", "container", "manifest", "lot_row", "lot_flow", "flag", "stay", "involved"):
        op.execute(f"DELETE FROM {name}")
    op.execute("UPDATE projection_state SET size = 0")
