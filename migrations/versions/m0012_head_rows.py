"""Heads in a tree of rows on SQLite, their names in one beside it: docs/decisions/0019."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return  # PostgreSQL's tables are heaps
    op.rename_table("stream_head", "old_stream_head")
    op.create_table(
        "stream_head",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("stream", name="pk_stream_head"),
    )
    op.execute("INSERT INTO stream_head SELECT stream, seq, leaf, state FROM old_stream_head ORDER BY stream")
    op.drop_table("old_stream_head")
