"""Plans from priority rules: in plain Python with every rule of the contract, and compiled for large plants."""
