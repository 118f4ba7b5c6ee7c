"""How many attempts to hand a mail over have no known outcome."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "message",
        sa.Column(
            "unconfirmed",
            sa.Integer,
            nullable=False,
            server_default=sa.text("0"),
            comment="attempts to hand it over whose outcome nobody knows: it may have arrived so many times",
        ),
    )


def downgrade() -> None:
    op.drop_column("message", "unconfirmed")
