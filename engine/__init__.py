"""The schedule itself, and everything computed from it. Imports nothing of ours."""
