"""Maintained totals of lot rows, and containers' open mass by its clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WHAT = ("kind", "account", "at", "born_at", "stage", "grade", "reason")
WHOSE = ("producer", "producer_site", "holder", "site", "code")
CLOCK = ("account", "producer", "producer_site", "holder", "site", "stage", "code", "kind", "deadline", "due_at")


def upgrade() -> None:
    op.create_table(
        "lot_total",
        sa.Column("whole", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in WHAT),
        sa.Column("by_producer", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in WHOSE),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("whole", *WHAT, "by_producer", *WHOSE, name="pk_lot_total"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lot_total_producer", "lot_total", ["producer"])
    op.create_index("ix_lot_total_holder", "lot_total", ["holder"])
    nothing = sa.text("grams = 0")
    op.create_index(
        "ix_lot_total_nothing", "lot_total", ["grams"], sqlite_where=nothing, postgresql_where=nothing
    )  # fmt: skip
    op.create_table(
        "clock",
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in CLOCK),
        sa.Column("grams", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("container", "n", name="pk_clock"),
    )
    op.create_index("ix_clock_kind_deadline_container", "clock", ["kind", "deadline", "container"])
    op.create_index("ix_clock_kind_due_at", "clock", ["kind", "due_at"])
    # Projections follow the log: begun anew, they add up every row from the first entry on.
    kept = (
        "registry_fact", "container", "manifest", "lot_row", "lot_flow", "flag", "stay", "treatment", "haul",
        "involved",
    )  # fmt: skip
    for name in kept:
        op.execute(f"DELETE FROM {name}")
    op.execute("UPDATE projection_state SET size = 0")
