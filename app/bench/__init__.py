"""Benchmarks: any set of instances, this engine beside other solvers, every plan judged by the same checker."""
