"""The Versions dock."""
