"""Periods of variable stars: searched in many bands at once, doubted, and folded."""
