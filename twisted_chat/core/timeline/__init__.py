"""From batches to what is shown, and in which order."""
