"""Front ends, and what they share."""
