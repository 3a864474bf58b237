"""What is shown, and when."""
