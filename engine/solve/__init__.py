"""Optimisation. ``ortools`` is imported only below this package, and this package only by the worker process."""
