"""The public lake: immutable versions of what everybody may see, as plain Parquet files with a manifest."""
