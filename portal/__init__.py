"""The web program: pages for people and an API for scripts, in one process."""
