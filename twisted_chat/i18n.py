"""The language people are spoken to: English in the source, catalogues in `locale` for others.

`_` marks and translates a sentence, `ngettext` one that depends on a number.
"""

from __future__ import annotations

import gettext
from pathlib import Path

DOMAIN = "twisted_chat"
LOCALES = Path(__file__).parent / "locale"

_catalogue: gettext.NullTranslations = gettext.translation(DOMAIN, LOCALES, fallback=True)


def _(message: str) -> str:
    """Return `message` in the reader's language."""
    return _catalogue.gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """Return the form of the sentence that fits `n`, in the reader's language."""
    return _catalogue.ngettext(one, many, n)
