"""What a line between two peers can say, and how a link is opened."""
