"""The history of a schedule: its graph of versions, scenarios, and who changed what."""
