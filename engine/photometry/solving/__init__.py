"""Finding the place of a frame on the sky: patterns, index files, and the fit of a projection."""
