"""Replication: every peer comes to hold every batch. `replica` is the one face it shows."""
