"""The tables that every service has."""

from alembic import op

from chassis.revisions import v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    v1.create(op)


def downgrade() -> None:
    v1.drop(op)
