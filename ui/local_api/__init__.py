"""The switch of the local HTTP API."""
