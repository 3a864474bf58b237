"""The members: their names and keys, and whether they are here."""
