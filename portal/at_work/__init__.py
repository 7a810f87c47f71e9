"""What works in the background: archives, jobs, and watches of streams of alerts."""
