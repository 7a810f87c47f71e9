"""Other processings of frames: they wait beside the ones that count until somebody promotes them."""
