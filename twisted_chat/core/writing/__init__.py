"""The text that people may write, and what it looks like beside other text."""
