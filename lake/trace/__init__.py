"""Where every row comes from, and whether every byte of it is still as it was written."""
