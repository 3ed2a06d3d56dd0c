"""What strangers say of a thing has no effect on its lots, from entry 0 on."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Projections follow the log: begun anew, they hold what the present rules say of every entry.
    kept = (
        "registry_fact", "container", "manifest", "lot_row", "lot_total", "clock", "lot_flow", "flag", "stay",
        "treatment", "haul", "involved",
    )  # fmt: skip
    for name in kept:
        op.execute(f"DELETE FROM {name}")
    op.execute("UPDATE projection_state SET size = 0")
