"""What the cards of a header mean: time, detector, site, place on the sky, names."""
