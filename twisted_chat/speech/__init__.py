"""Values as sentences, in the reader's language."""
