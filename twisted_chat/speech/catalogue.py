"""Reads gettext's catalogues in the form in which they are written: `.po`.

The usual `.mo` would be a generated file: a checkout, `pip install .` and `pip install -e .` would each need a hook that builds
it. To read the sentences as they are takes some milliseconds once, and only those who don't read English. They are laid
out in memory as a `.mo` file is, so that plural forms and all else are the standard library's business.
"""

from __future__ import annotations

import io
import json
import re
import struct
from gettext import GNUTranslations

_LINE = re.compile(r'(|msgid|msgid_plural|msgstr|msgstr\[\d\])\s*("(?:[^"\\]|\\.)*")')
_MAGIC = 0x950412DE
_HEADER_BYTES = 28


class NotACatalogue(ValueError):
    """The text is not a catalogue."""


def read(text: str) -> GNUTranslations:
    """Return the catalogue whose source is `text`. What it does not translate it returns as it is.

    Raises `NotACatalogue`.
    """
    try:
        return GNUTranslations(io.BytesIO(_compiled(entries(text))))
    except (ValueError, LookupError, OSError) as error:  # what its parser raises at headers it can't make sense of
        raise NotACatalogue(str(error)) from error


def entries(text: str) -> list[dict[str, str]]:
    """Return the entries of a catalogue in order, the header first: each its fields by name, such as `msgid`, `msgstr[0]`.

    Raises `ValueError`.
    """
    found: list[dict[str, str]] = []
    field = ""
    for line in map(str.strip, text.split("\n")):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise NotACatalogue(line)
        if match[1] == "msgid":
            found.append({})
        field = match[1] or field
        found[-1][field] = found[-1].get(field, "") + json.loads(match[2])  # JSON has the same escapes
    return found


def _compiled(entries: list[dict[str, str]]) -> bytes:
    """Return entries as the bytes of a `.mo` file: a header, where each text is and how long, the texts."""
    pairs = []
    for entry in entries:
        forms = [form for field, form in entry.items() if field.startswith("msgstr")]
        if all(forms):
            names = [entry[field] for field in ("msgid", "msgid_plural") if field in entry]
            pairs.append(("\0".join(names).encode(), "\0".join(forms).encode()))
    pairs.sort()
    places: list[int] = []
    texts = b""
    begin = _HEADER_BYTES + 16 * len(pairs)
    for each in [*(source for source, _ in pairs), *(translated for _, translated in pairs)]:
        places += (len(each), begin + len(texts))
        texts += each + b"\0"
    header = (_MAGIC, 0, len(pairs), _HEADER_BYTES, _HEADER_BYTES + 8 * len(pairs), 0, 0)
    return struct.pack(f"<{len(header) + len(places)}I", *header, *places) + texts
