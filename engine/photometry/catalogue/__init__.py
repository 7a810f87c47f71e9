"""Files of reference stars, whatever their columns are called."""
