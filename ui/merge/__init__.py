"""Merging in the window: the conflict dialog, what it shows on the board, and what leads to it."""
