"""Makes `twisted_chat/core/writing/lookalikes.py` from Unicode's confusables, as the package `confusable-homoglyphs` has them.

`python -m tests.kit.confusables` prints the module; `tests.core.writing.test_skeleton` compares.
"""

from __future__ import annotations

import json
import string
import sys
import textwrap
import unicodedata
from collections.abc import Iterator
from importlib.resources import files

LATIN = frozenset(string.ascii_letters + string.digits)
_SMALL_CAPITALS = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ"
OWN = {
    **dict(zip(_SMALL_CAPITALS, string.ascii_lowercase.replace("x", ""), strict=True)),
    **dict(zip("βγζημνυχωĸʍ", "byznmvuxwkm", strict=True)),
}
"""What is added: small capitals, and letters that are Latin ones to whoever does not read Greek or Cyrillic."""
_HEAD = '''"""Which characters are taken for which: Unicode's confusables (UTS 39), with small capitals and some Greek added.

Made by `python -m tests.kit.confusables`: the data are those of January 2024, without what normalization (NFKC) makes equal.
They are Copyright © 1991-2024 Unicode, Inc., and used under the Unicode License v3, which is in `LICENSE.unicode`.
"""

TABLE = """
'''
_FOOT = '''"""
"""Groups parted by commas, code points in hexadecimal: first what all the others in the group are taken for."""
'''


def pairs() -> Iterator[tuple[str, str]]:
    """Yield each text that Unicode's confusables know, and what it is taken for: one and the same for all that are alike."""
    data = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text(encoding="utf-8"))
    alike: dict[str, set[str]] = {}
    for one, others in data.items():
        alike.setdefault(_bare(one), set()).update(_bare(other["c"]) for other in others)
    for one, others in alike.items():
        if len(others) == 1:  # else it is what the others are taken for
            [other] = others
            if len(alike[other]) > 1 or (not other.isascii(), other) < (not one.isascii(), one):
                yield one, other


def _bare(text: str) -> str:
    """Return what stands between the marks with which the data keep right-to-left characters in their place."""
    return text.strip("\u200e") or text


def _normal(text: str) -> str:
    return unicodedata.ucd_3_2_0.normalize("NFKC", text)  # the same whatever Python this is


def table() -> dict[str, str]:
    """Return, for each character that is not ASCII and is taken for something else, what that is, in lower case."""
    taken = {
        one: other for one, other in pairs() if len(one) == 1 and not one.isascii() and _normal(one) != _normal(other)
    }
    taken |= OWN
    while any(character in taken for target in taken.values() for character in target):
        taken = {one: "".join(taken.get(each, each) for each in other) for one, other in taken.items()}
    return {one: other.casefold() for one, other in taken.items()}


def module() -> str:
    """Return the module's text: groups of what is taken for the same thing, in hexadecimal, that thing first."""
    sources: dict[str, list[str]] = {}
    for one, other in sorted(table().items()):
        sources.setdefault(other, []).append(f"{ord(one):x}")
    rows = (" ".join(["+".join(f"{ord(c):x}" for c in other), *ones]) for other, ones in sorted(sources.items()))
    return f"{_HEAD}{textwrap.fill(', '.join(rows), 128)}\n{_FOOT}"


if __name__ == "__main__":
    sys.stdout.write(module())
