"""Point-spread-function photometry: the stars' shape all over a frame, and all stars fitted together."""
