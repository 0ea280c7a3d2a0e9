"""The Explain dock: why late, why not here, bottlenecks and load, slack, what locks cost."""
