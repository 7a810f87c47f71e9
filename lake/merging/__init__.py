"""Targets that are one and the same: found, made one, and parted again."""
