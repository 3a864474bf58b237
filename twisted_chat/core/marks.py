"""The mark of what is to be translated, for tables of sentences in places that know no language."""


def N_(message: str) -> str:
    """Mark `message` for the catalogues, and return it as it is: it is translated where it is shown."""
    return message
