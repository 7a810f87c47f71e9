"""What a detector adds to the sky, found and marked."""
