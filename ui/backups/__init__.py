"""Backups in the window: the list, restoring, and what is offered when the database cannot be opened."""
