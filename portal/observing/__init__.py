"""Observatories, their cameras, and the nights that they can use."""
