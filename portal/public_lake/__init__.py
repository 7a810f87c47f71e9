"""The public lake on the pages: its tables, queries and their answers, and ways to ask it from elsewhere."""
