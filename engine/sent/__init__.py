"""What observers send ready-made: light curves and spectra that need no reduction."""
