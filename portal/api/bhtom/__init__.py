"""BHTOM's routes beyond targets, uploads and tokens, at its paths and in its words."""
