"""What the page of one target shows beside its light curve."""
