"""Two plans compared: figures, orders, operations, and both on the board."""
