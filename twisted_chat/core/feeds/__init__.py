"""Signed records: records, batches of them, and private messages, sealed for one member alone."""
