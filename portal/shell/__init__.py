"""The router of the pages."""
