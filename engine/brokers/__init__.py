"""Archives: one module each behind one protocol."""
