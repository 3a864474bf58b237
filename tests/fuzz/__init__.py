"""Inputs nobody would send by mistake, by the million: `python -m tests.fuzz`."""
