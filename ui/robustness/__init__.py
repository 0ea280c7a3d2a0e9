"""The Robustness dock: how surely orders are on time, and which hand-offs pass delay on."""
