"""What people may write, and what looks alike."""
