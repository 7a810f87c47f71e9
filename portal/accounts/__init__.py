"""People: how they join, what they change of their account, whom they work with, what staff decide."""
