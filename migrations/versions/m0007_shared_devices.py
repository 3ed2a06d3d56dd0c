"""Devices that several people share, with badges and PINs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_device",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "party", "name")),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_shared_device"),
        sa.UniqueConstraint("id", name="uq_shared_device_id"),
    )
    op.create_index("ix_shared_device_party", "shared_device", ["party"])
    op.create_table(
        "badge",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("pin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_badge"),
        sa.UniqueConstraint("hash", name="uq_badge_hash"),
    )
