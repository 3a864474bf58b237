"""The language people are spoken to: English in the source, catalogues in `locale` for others.

`_` marks and translates a sentence, `ngettext` one that depends on a number; `number` and `date` write those as its reader
does. Which language that is, is known once the command line has been read: use them inside functions only. Nothing here
depends on the C library's locale, or changes it.
"""

from __future__ import annotations

import gettext
import os
import re
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from twisted_chat.speech import catalogue

LOCALES = Path(__file__).parent / "locale"
CATALOGUE = Path("LC_MESSAGES", "twisted_chat.po")
"""Where a language's catalogue is below its directory in `LOCALES`."""
SOURCE_LANGUAGE = "en"
AUTO = "auto"
"""Stands for the language that the environment names."""
DAY = 86_400
"""Seconds."""
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The variables that name the locale; the first that is not empty counts."""

_spoken: gettext.NullTranslations = gettext.NullTranslations()


def _(message: str) -> str:
    """Return `message` in the reader's language."""
    return _spoken.gettext(message) if message else ""  # for which gettext has the header of its catalogue


def ngettext(one: str, many: str, n: int) -> str:
    """Return the form of the sentence that fits `n`, in the reader's language."""
    return _spoken.ngettext(one, many, n)


def in_language(language: str, message: str) -> str:
    """Return `message` in one of the `languages`, whoever is spoken to; as it is if its catalogue can't be read."""
    return _catalogue(language).gettext(message)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    try:
        return catalogue.read((LOCALES / language / CATALOGUE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return gettext.NullTranslations()


def number(value: float, form: str = ",") -> str:
    """Return a number as the reader writes it, `form` being Python's format for it: `12,345`, or `12.345`."""
    sample = _("12,345.6")
    return f"{value:{form}}".translate({ord(","): sample[2:3], ord("."): sample[-2:-1]})


def date(when: time.struct_time) -> str:
    """Return the day as the reader writes it: `2026-11-22`, or `22/11/2026`."""
    return time.strftime(_("%Y-%m-%d"), when)


def duration(seconds: float) -> str:
    """Return a time in the largest unit that it is at least one of: `5 years`, `2 minutes`."""
    units: list[tuple[float, Callable[[int], str]]] = [
        (365.25 * DAY, lambda n: ngettext("{n} year", "{n} years", n)),
        (DAY, lambda n: ngettext("{n} day", "{n} days", n)),
        (3600, lambda n: ngettext("{n} hour", "{n} hours", n)),
        (60, lambda n: ngettext("{n} minute", "{n} minutes", n)),
        (0, lambda n: ngettext("{n} second", "{n} seconds", n)),
    ]
    size, words = next(unit for unit in units if seconds >= unit[0])
    n = round(seconds / (size or 1))
    return words(n).format(n=number(n))


def languages() -> list[str]:
    """Return the languages there are: English, and each that has a directory in `LOCALES`."""
    return [SOURCE_LANGUAGE, *sorted(path.name for path in LOCALES.glob("[!._]*"))]


def known(locale: str) -> str | None:
    """Return the language of a locale such as `pt_BR.UTF-8`, if need be as another country speaks it; None if it is not
    among `languages`."""
    name = re.split("[.@]", locale)[0].replace("-", "_").casefold()
    there = {language.casefold(): language for language in languages()}
    of_other_countries = {language.split("_")[0]: there[language] for language in there}
    return there.get(name) or of_other_countries.get(name.split("_")[0])


def preferred(environment: Mapping[str, str]) -> str:
    """Return the first language that the environment names and that is known, else English.

    As with gettext, LANGUAGE may name several, with colons between them, and goes before the locale; unless that is C or
    POSIX, with which scripts ask for English.
    """
    locale = next(filter(None, map(environment.get, _LOCALE)), "")
    named = "" if locale in ("C", "POSIX") else environment.get("LANGUAGE", "") or locale
    return next(filter(None, map(known, named.split(":"))), SOURCE_LANGUAGE)


def choose(wish: str = AUTO, environment: Mapping[str, str] = os.environ) -> str:
    """Speak the language wished for from now on, and return it: for `AUTO`, and for one that is not known, the one that
    is `preferred`; English if its catalogue can't be read."""
    global _spoken
    language = known(wish) or preferred(environment)
    _spoken = gettext.NullTranslations()
    if language != SOURCE_LANGUAGE:
        try:
            _spoken = catalogue.read((LOCALES / language / CATALOGUE).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # a chat in English is better than none
            language = SOURCE_LANGUAGE
    return language
