"""A scheduling problem in integers, made of a request, and back: what all searches work on."""
