"""The contract as a CP-SAT model: variables, constraints, objective, search."""
