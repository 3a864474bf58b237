"""How long to wait after links that came to nothing, and what of it is news: told once, and again when it has changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

FIRST_WAIT = 1.0
"""Seconds to wait after the first setback; each one more of the same kind doubles it."""
LONGEST_WAIT = 20.0
"""Seconds waited at most: whoever says something at an address for a moment keeps nobody from being called there for longer."""
STEADY = 30.0
"""Seconds that a link must stand for its setbacks to be forgotten."""
MAX_REMEMBERED = 800
"""Those of whom setbacks are remembered; who had one longest ago is forgotten."""


@dataclass
class _Setback:
    kind: str
    wait: float
    until: float
    ours: bool


class Setbacks:
    """By whatever names the other side: the id of a member, or an address. Times are monotonic seconds."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._setbacks: OrderedDict[Hashable, _Setback] = OrderedDict()

    def suffer(
        self, whose: Hashable, kind: str, ours: bool = True, longest: float = LONGEST_WAIT
    ) -> tuple[float, bool]:
        """Note a setback, by this side's will (`ours`) or the other's.

        Return how many seconds to wait, and whether it is news."""
        before = self._setbacks.pop(whose, None)
        same = before is not None and before.kind == kind
        wait = min(before.wait * 2, longest) if before is not None and same else FIRST_WAIT
        self._setbacks[whose] = _Setback(kind, wait, self._seconds() + wait, ours)
        while len(self._setbacks) > MAX_REMEMBERED:
            self._setbacks.popitem(last=False)
        return wait, not same

    def waits(self, whose: Hashable) -> str:
        """Return the kind of the setback after which this side still waits, by its own will; nothing if it does not."""
        setback = self._setbacks.get(whose)
        return setback.kind if setback is not None and setback.ours and self._seconds() < setback.until else ""

    def had(self, whose: Hashable) -> bool:
        """Whether there is a setback that is not forgotten."""
        return whose in self._setbacks

    def forget(self, whose: Hashable) -> None:
        """All is well again."""
        self._setbacks.pop(whose, None)
