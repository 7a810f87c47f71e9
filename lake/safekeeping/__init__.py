"""Safekeeping: a copy of everything at one moment, brought back whole or carried to another place."""
