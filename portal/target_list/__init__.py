"""The list of targets: its filters, what it finds, how it is shown, and how targets are added."""
