"""Where batches and identities are kept: the stores, one behind each other's tests, and the data directory."""
