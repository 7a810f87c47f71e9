"""What alembic runs: the migrations of the operational database, on the connection that it is given."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction holds every step, in SQLite as well
)
context.run_migrations()
