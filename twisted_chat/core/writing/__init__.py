"""The text that people may write, and its likeness to other text."""
