"""Getting a person's attention: a bell, and a notification of the desktop where the terminal is known to show one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted_chat.core.writing.text import clean

PAUSE = 3.0
"""Seconds between two of them: nobody can ring without end."""
MAX_SHOWN = 120
BELL = "\a"
_OSC_9 = "\x1b]9;{text}\x1b\\"
_OSC_777 = "\x1b]777;notify;tcpchat;{text}\x1b\\"
_TERMS_WITH_OSC_9 = ("xterm-kitty", "xterm-ghostty", "foot")
_PROGRAMS_WITH_OSC_9 = ("iTerm.app", "WezTerm", "ghostty", "WarpTerminal")


class Notice:
    """Says that somebody spoke to this person, at most once in `PAUSE` seconds."""

    def __init__(self, environment: Mapping[str, str], seconds: Callable[[], float]) -> None:
        """`environment` tells which terminal it is, `seconds` the time."""
        self._sequence = _sequence(environment)
        self._seconds = seconds
        self._next = 0.0

    def ring(self, text: str) -> str:
        """Return the escape sequences that tell of `text`, by anybody; none if it is too early."""
        now = self._seconds()
        if now < self._next:
            return ""
        self._next = now + PAUSE
        shown = clean(text[:MAX_SHOWN]).replace(";", ",")  # the separator of these sequences
        return BELL + self._sequence.format(text=shown)


def _sequence(environment: Mapping[str, str]) -> str:
    """Return how this terminal is told to notify; nothing within a multiplexer, which would not pass it on."""
    term = environment.get("TERM", "")
    if "TMUX" in environment or "STY" in environment:
        return ""
    if term.startswith(_TERMS_WITH_OSC_9) or environment.get("TERM_PROGRAM") in _PROGRAMS_WITH_OSC_9:
        return _OSC_9
    if "VTE_VERSION" in environment or term.startswith("rxvt-unicode"):
        return _OSC_777
    return ""
