"""Log-ins at an organisation's own provider, and ways in that a browser has begun."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "linked_login",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("issuer", "subject", "account")),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_linked_login"),
        sa.UniqueConstraint("account", name="uq_linked_login_account"),
    )
    op.create_table(
        "begun",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account", "place")),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_begun"),
    )
