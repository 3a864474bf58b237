"""Frames, and the opening of a link."""
