"""Containers' journeys, and the asset of a container with its times of use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXTS = ("sender", "sender_site", "receiver", "receiver_site", "code", "collected_at", "decided_at", "month")


def upgrade() -> None:
    op.create_table(
        "haul",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("container", "journey", *TEXTS)),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("sent_g", "gap_g")),
        sa.PrimaryKeyConstraint("container", "journey", name="pk_haul"),
    )
    op.create_index("ix_haul_sender_receiver", "haul", ["sender", "receiver"])
    # Projections follow the log: begun anew, they take in every journey and asset from the first entry on.
    kept = ("registry_fact", "container", "manifest", "lot_row", "lot_flow", "flag", "stay", "treatment", "involved")
    for name in kept:
        op.execute(f"DELETE FROM {name}")
    op.execute("UPDATE projection_state SET size = 0")
    for name in ("asset", "born_site", "emptied_at"):
        op.add_column("container", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_container_asset", "container", ["asset"])
