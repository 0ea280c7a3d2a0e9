"""Use cases: session, optimisation, versions, exchange, command line. No Qt, no SQL, no ortools."""

__version__ = "0.1.0"
