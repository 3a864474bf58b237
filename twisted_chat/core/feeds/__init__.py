"""What is signed: records, batches of them, and what is sealed for one member alone."""
