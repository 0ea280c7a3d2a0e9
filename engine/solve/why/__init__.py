"""Why there is no plan, what would make one possible, and what the rules cost."""
