"""Whether our clock is to be believed: by what time others speak."""

from __future__ import annotations

BELIEVED = 24 * 3600.0
"""Seconds that another's clock may differ from ours and still agree with it."""
WITNESSES = 64
"""Members that are asked: those heard last."""


class Belief:
    """Notes by what time members spoke, against a clock that runs steadily: so it is seen if ours is set wrong later."""

    def __init__(self) -> None:
        self._offsets: dict[bytes, float] = {}

    def note(self, member: bytes, said: float, steady: float) -> None:
        """Note that something said by a member's clock at `said` came at once, at `steady` seconds of ours."""
        self._offsets.pop(member, None)
        self._offsets[member] = said - steady
        if len(self._offsets) > WITNESSES:
            del self._offsets[next(iter(self._offsets))]

    def holds(self, wall: float, steady: float) -> bool:
        """Whether somebody's clock agrees with ours, which says `wall` now, and not more disagree."""
        agreeing = sum(abs(offset + steady - wall) < BELIEVED for offset in self._offsets.values())
        return 0 < agreeing >= len(self._offsets) - agreeing
