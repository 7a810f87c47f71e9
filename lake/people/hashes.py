"""What is kept of a random secret: its SHA-256, which is enough where nobody can guess the secret."""

import hashlib


def sha256_of(secret: str) -> str:
    """Return the SHA-256 of a secret that was drawn at random, in hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()
