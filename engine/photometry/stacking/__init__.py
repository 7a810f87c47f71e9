"""The frames of a night added up: chosen, brought to one grid, and combined without what only one shows."""
