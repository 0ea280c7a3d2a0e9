"""The HTTP API: the third door to the services that the window and the command line use."""
