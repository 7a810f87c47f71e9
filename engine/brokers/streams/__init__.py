"""Streams of new alerts: each module asks one of them for what is new on the sky, and proposes candidates."""
