"""The differences between other members' clocks and ours, guessed from the times in their messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence

SAMPLES = 8
"""Moments of each member that are taken into account: the newest."""
MOMENT = 5.0
"""Seconds whose messages are one sample."""
ENOUGH = 3
"""Samples before a clock that is behind is believed to be, and one alone is told unasked."""
NOTABLE = 5.0
"""Seconds a clock must be off for `/doctor` to tell."""
ALARMING = 120.0
"""Seconds a clock must be off for people to be told unasked."""
AGAIN = 600.0
"""Seconds before anything is told unasked once more."""


class Skews:
    """Compares, for each member, the time in its newest messages with the time at which they came.

    A message that was on its way for long looks like one from a clock that is behind. Nothing makes a message look as if its
    clock were ahead. So the greatest difference among several samples is the nearest to the truth.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` runs steadily."""
        self._seconds = seconds
        self._ahead: dict[bytes, deque[tuple[float, float]]] = {}
        """For each member when a sample began, and by how many seconds its clock was ahead then."""
        self._told: float | None = None
        self._right = True

    def note(self, member: bytes, said: float, came: float) -> bool:
        """Note a message of `member` that came at once: both times in seconds since 1970. Return whether any guess may change."""
        now, ahead = self._seconds(), said - came
        samples = self._ahead.setdefault(member, deque(maxlen=SAMPLES))
        if not samples or now >= samples[-1][0] + MOMENT:
            samples.append((now, ahead))
            return True
        began, greatest = samples[-1]
        if ahead > greatest:
            samples[-1] = began, ahead
        return ahead > greatest

    def notable(self) -> Mapping[bytes, float]:
        """Return the members whose clocks are off, and by how many seconds they are ahead: less than 0 if behind."""
        return {member: ahead for member in self._ahead if abs(ahead := self._guess(member)) > NOTABLE}

    def ours(self) -> float:
        """Return by how many seconds our clock is ahead of those of most others, less than 0 if behind.

        0 if it is not off by `ALARMING`, or if there are not two others whose clocks agree.
        """
        guesses = sorted(self._trusted().values())
        middle = _middle(guesses)
        agreed = [guess for guess in guesses if abs(guess - middle) < ALARMING / 2]
        if len(agreed) >= 2 and 2 * len(agreed) > len(guesses) and abs(middle) >= ALARMING:
            return -middle
        return 0.0

    def alarm(self) -> tuple[bytes | None, float] | None:
        """Return the clock that people are to be told of now, and by how many seconds it is ahead; None for nothing.

        A member of None is ourselves. Between two members nobody can know whose clock is right, so the other one is named.
        Among more, only the one that is off is told. It is told once; and again if all was right in between, but not within
        `AGAIN`.
        """
        trusted = self._trusted()
        ours, whose = self.ours(), None
        if (
            not ours and len(trusted) == 1 and len(self._ahead[next(iter(trusted))]) >= ENOUGH
        ):  # else others may speak yet
            ((whose, ours),) = trusted.items()
        if abs(ours) < ALARMING:
            self._right = True
            return None
        now = self._seconds()
        if not self._right or (self._told is not None and now < self._told + AGAIN):
            return None
        self._right, self._told = False, now
        return whose, ours

    def _guess(self, member: bytes) -> float:
        return max(ahead for _, ahead in self._ahead[member])

    def _trusted(self) -> dict[bytes, float]:
        """Return the guesses that no delay can have caused."""
        guesses = {member: self._guess(member) for member in self._ahead}
        return {
            member: guess
            for member, guess in guesses.items()
            if guess > -ALARMING or len(self._ahead[member]) >= ENOUGH
        }


def _middle(guesses: Sequence[float]) -> float:
    """Return the median of what is sorted; 0 of nothing."""
    half = len(guesses) // 2
    return (guesses[half] + guesses[~half]) / 2 if guesses else 0.0
