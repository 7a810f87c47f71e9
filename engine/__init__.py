"""Astronomy: values, archives and photometry; knows no storage, no screen, no scheduler, no settings."""
