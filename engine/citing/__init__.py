"""What a paper writes of a light curve: people, telescopes, archives, tables and a sentence on methods."""
