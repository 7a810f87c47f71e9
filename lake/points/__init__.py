"""The fast path for light curves: from the catalog straight to the right rows of the right Parquet files."""
