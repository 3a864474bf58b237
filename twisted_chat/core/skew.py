"""How far other members' clocks are from ours, guessed from what they say."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

SAMPLES = 8
"""Messages of each member that are taken into account: its newest."""
NOTABLE = 5.0
"""Seconds a clock must be off to be worth telling."""


class Skews:
    """Keeps, for each member, when its newest messages were said by its clock against when they came by ours.

    A message that was under way for long looks like one from a clock that is behind, and nothing makes one look as if it
    came from a clock that is ahead: so of several, the greatest difference is the nearest to the truth.
    """

    def __init__(self) -> None:
        self._ahead: dict[bytes, deque[float]] = {}

    def note(self, member: bytes, said: float, came: float) -> None:
        """Note a message of `member` that came at once: both times in seconds since 1970."""
        self._ahead.setdefault(member, deque(maxlen=SAMPLES)).append(said - came)

    def notable(self) -> Mapping[bytes, float]:
        """Return the members whose clocks are off, and by how many seconds they are ahead: less than 0 if behind."""
        guesses = {member: max(ahead) for member, ahead in self._ahead.items()}
        return {member: guess for member, guess in guesses.items() if abs(guess) > NOTABLE}
