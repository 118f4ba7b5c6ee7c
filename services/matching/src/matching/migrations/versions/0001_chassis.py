"""The tables that every service has."""

from alembic import op

from chassis import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.create(op)


def downgrade() -> None:
    tables.drop(op)
