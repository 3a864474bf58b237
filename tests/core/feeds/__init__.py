"""Records and batches."""
