"""People: accounts, groups, tokens, what they say of targets, keep and take away, and the log of it."""
