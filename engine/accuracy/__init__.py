"""How good a camera is, learned from all field stars of all its frames: tables in, tables and words out."""
