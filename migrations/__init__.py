"""Alembic's numbered steps from an empty database to the newest schema; one head."""
