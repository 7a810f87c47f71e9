"""What stands how high over a telescope, and what of it is worth a night's time."""
