"""What people send: received, accepted with its job, listed, changed, and taken back."""
