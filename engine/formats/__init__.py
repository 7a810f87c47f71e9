"""Light curves as files that people and programs of the field read: one module for each format."""
