"""What a person at the keyboard, or a pipe in their place, types and sees."""
