"""Other solvers, each as a script that ``taktwerk bench`` starts in a process of its own.

A script reads one JSON document (``app.bench.peer_problem``) from standard input and writes one to standard output. It
imports nothing of this program, so it may run in an environment of its own.
"""
