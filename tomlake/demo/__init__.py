"""The offline demo: some twenty targets and one observatory, every row of them simulated and marked so."""
