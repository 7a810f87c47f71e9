"""The worker program: clock, workers and the tasks they run."""
