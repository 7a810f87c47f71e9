"""Storage: the science lake, the operations tables, raw files; knows no archive and no plot."""
