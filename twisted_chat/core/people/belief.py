"""Whether our clock can be believed, judged by the clocks of other members."""

from __future__ import annotations

BELIEVED = 24 * 3600.0
"""Seconds that another's clock may differ from ours and still agree with it."""
WITNESSES = 64
"""Members that are asked; the ones heard last."""


class Belief:
    """Notes the time by which members spoke, against a clock that runs steadily. So it also notices when our clock is set
    wrong later."""

    def __init__(self) -> None:
        self._offsets: dict[bytes, float] = {}

    def note(self, member: bytes, said: float, steady: float) -> None:
        """Note that something said by a member's clock at `said` came at once, at `steady` seconds of ours."""
        self._offsets.pop(member, None)
        self._offsets[member] = said - steady
        if len(self._offsets) > WITNESSES:
            del self._offsets[next(iter(self._offsets))]

    def holds(self, wall: float, steady: float) -> bool:
        """Whether at least one member's clock agrees with ours, which says `wall` now, and not more disagree."""
        agreeing = sum(abs(offset + steady - wall) < BELIEVED for offset in self._offsets.values())
        return 0 < agreeing >= len(self._offsets) - agreeing
