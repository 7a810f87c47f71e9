"""Names of objects: who is asked which name, and what they know by it."""
