"""The code points that tests look at: all that rules tell apart, and of those that nothing tells apart a part.

The planes 4 to 13 have nobody's characters, 2 and 3 ideographs alone, 15 and 16 are private: of these each 61st and the ends
are looked at, unless the environment has `TCPCHAT_CHARACTERS=all`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

ALL = range(sys.maxunicode + 1)
EVERY = os.environ.get("TCPCHAT_CHARACTERS") == "all"
_PLANE = 0x10000
_STEP = 61


def _told_apart() -> list[int]:
    chosen = [*range(2 * _PLANE), *range(14 * _PLANE, 15 * _PLANE)]
    for plane in (*range(2, 14), 15, 16):
        chosen += [*range(plane * _PLANE, (plane + 1) * _PLANE, _STEP), (plane + 1) * _PLANE - 1]
    return sorted(chosen)


CODES: Sequence[int] = ALL if EVERY else _told_apart()
"""Those to look at, in their order."""
CHARACTERS = "".join(map(chr, CODES))
