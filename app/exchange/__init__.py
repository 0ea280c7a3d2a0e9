"""Reading and writing schedules: one module a format; ``read`` tells the format from the content."""

from app.exchange.formats import NAMES, parse_bytes, read, read_input, read_noted, write

__all__ = ["NAMES", "parse_bytes", "read", "read_input", "read_noted", "write"]
