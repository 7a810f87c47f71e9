"""From pixels to a standardised magnitude: pure stages, and the pipeline that joins them."""
