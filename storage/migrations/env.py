"""How Alembic reaches the store: over the connection, and in the transaction, of `upgrade`."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection


def _run() -> None:
    connection = context.config.attributes.get("connection")
    if not isinstance(connection, Connection):
        raise RuntimeError("stores are upgraded by `orbench store upgrade`")
    # Alembic finds a transaction begun already and leaves it to whoever began it.
    context.configure(connection=connection)
    context.run_migrations()


_run()
