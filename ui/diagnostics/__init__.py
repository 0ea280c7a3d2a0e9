"""How the program is doing, for planners and for those who help them."""
