"""The stores, which keep batches and pass the same tests, and the data directory, which keeps identities."""
