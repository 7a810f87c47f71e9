"""Frames on the pages: how they are sent, what became of them, and what each is worth."""
