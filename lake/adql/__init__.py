"""ADQL, the Virtual Observatory's SQL, over the published lake: translated here, run by the sandbox."""
