"""Names, texts, and what looks alike."""
