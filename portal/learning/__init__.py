"""Lessons on targets of the lake, and the words that they use."""
