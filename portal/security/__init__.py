"""Who asks, whether they may, and what a browser may do with the answer. Knows no page and no route."""
