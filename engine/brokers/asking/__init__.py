"""Speaking to services: the one client, its patience, and the protocols that several archives share."""
