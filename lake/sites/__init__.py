"""Observatories and their cameras: registered, imported, approved, and where a night is planned for."""
