"""Upkeep of the lake: few files of a good size, no version kept longer than wanted, no file of nobody's."""
