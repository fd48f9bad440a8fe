"""What Alembic runs for every command: the versions, on the connection that ``store.upgrade`` gives.

The transaction is the caller's. Both databases change schemas in transactions, so a version arrives whole or not at
all.
"""

from __future__ import annotations

from alembic import context

from include.retention.ledger.store import VERSION_TABLE
from include.retention.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
