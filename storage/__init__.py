"""Schedule versions, runs and drafts in SQLite (or PostgreSQL). The only place that imports sqlalchemy."""
