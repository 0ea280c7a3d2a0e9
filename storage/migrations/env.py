"""What alembic runs: the migrations, inside the transaction of the connection it was given.

Without a connection it writes the SQL for the dialect named in ``config.attributes["dialect"]``.
"""

from alembic import context

from storage.tables import metadata

_SETTINGS = {"target_metadata": metadata, "render_as_batch": True, "transactional_ddl": True}

if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], **_SETTINGS)
else:
    context.configure(connection=context.config.attributes["connection"], **_SETTINGS)

with context.begin_transaction():
    context.run_migrations()
