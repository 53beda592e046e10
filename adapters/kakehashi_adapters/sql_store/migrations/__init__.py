"""Alembic migrations of the store: one file a step, never changed once it was released."""
