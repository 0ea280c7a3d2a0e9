"""The what-if desk: named small changes of one plan, tried beside each other without touching it."""
