"""The lines between two peers, and the opening of a link."""
