"""Who is who, and who is here."""
