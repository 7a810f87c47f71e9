"""The Virtual Observatory's protocols: cone search on targets, TAP on the published lake."""
