"""A run's result laid over the plan: the bar above the board and the list of changes."""
