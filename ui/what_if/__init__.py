"""The what-if desk in the window."""
