"""Waits after links that came to nothing. Each setback is news once, and again when its kind has changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

FIRST_WAIT = 1.0
"""Seconds to wait after the first setback. Each further one of the same kind doubles them."""
LONGEST_WAIT = 20.0
"""Seconds to wait at most. A program that is at an address for a moment puts off calls there for no longer."""
STEADY = 30.0
"""Seconds after which the setbacks of a link that stands are forgotten."""
MAX_REMEMBERED = 800
"""Setbacks remembered. With more, the oldest is forgotten."""


@dataclass
class _Setback:
    kind: str
    wait: float
    until: float
    ours: bool


class Setbacks:
    """The setbacks by the other side: a dialer, the id of a member, or an address. Times are monotonic seconds."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._setbacks: OrderedDict[Hashable, _Setback] = OrderedDict()

    def suffer(
        self, whose: Hashable, kind: str, ours: bool = True, longest: float = LONGEST_WAIT
    ) -> tuple[float, bool]:
        """Note a setback, which this side wanted (`ours`) or the other.

        Return the seconds to wait, and whether the setback is news."""
        before = self._setbacks.pop(whose, None)
        same = before is not None and before.kind == kind
        wait = min(before.wait * 2, longest) if before is not None and same else FIRST_WAIT
        self._setbacks[whose] = _Setback(kind, wait, self._seconds() + wait, ours)
        while len(self._setbacks) > MAX_REMEMBERED:
            self._setbacks.popitem(last=False)
        return wait, not same

    def waits(self, whose: Hashable) -> str:
        """Return the kind of the setback that this side wanted and still waits after; empty if there is none."""
        setback = self._setbacks.get(whose)
        return setback.kind if setback is not None and setback.ours and self._seconds() < setback.until else ""

    def had(self, whose: Hashable) -> bool:
        """Whether a setback is remembered."""
        return whose in self._setbacks

    def forget(self, whose: Hashable) -> None:
        """Forget the setback."""
        self._setbacks.pop(whose, None)
