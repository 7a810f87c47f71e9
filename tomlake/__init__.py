"""The public face: the command line and the Python client."""
