"""Local searches, each on a form of the problem of its own, most of them compiled by numba."""
