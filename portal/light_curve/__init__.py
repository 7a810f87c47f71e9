"""Light curves on the pages: the points as a visitor wants them, their chart, and small ones for cards."""
