"""The console: a person at the keyboard, or a pipe in their place, types lines and sees them."""
