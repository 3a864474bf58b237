"""How every batch reaches everybody."""
