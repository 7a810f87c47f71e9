"""From the bytes of a FITS file to pixels and what its header means, in any dialect."""
