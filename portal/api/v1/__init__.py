"""The new API: typed, paged by cursors, with one shape of refusal; it asks for rights as the pages do."""
