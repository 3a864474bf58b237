"""The states of a `Link`, and what leads from one to another: `docs/states.md` draws this table."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from twisted_chat.net.machines import Row, Stateful, machine


class State(Enum):
    """The states, each with what the link is doing in it. Whether it can be written to is no state: that changes with each full
    buffer."""

    OPENING = "both sides show who they are"
    READY = "it carries frames"
    SUSPECT = "it carries frames, and the other side has not answered a ping in time"
    PARTING = "this side has said that it leaves, and the other is to close"
    CLOSING = "this side is done with it, and gets rid of what it has yet to send"
    GONE = "the connection has ended"


class Inputs(Protocol):
    """The inputs."""

    def proven(self) -> None:
        """The other side has shown who it is, and is wanted."""

    def unanswered(self) -> None:
        """A ping has not been answered in time."""

    def heard(self) -> None:
        """A line has come. This is given only to a suspect link: lines are many, and each input takes microseconds."""

    def close(self, reason: str) -> None:
        """This side has a reason not to go on, and says so if there is one."""

    def dismissed(self) -> None:
        """The other side has said `bye`."""

    def leave(self) -> None:
        """This peer leaves."""

    def late(self) -> None:
        """The other side has not closed, or not everything could be sent, in time."""

    def abort(self) -> None:
        """Nothing more is to be waited for."""

    def lost(self) -> None:
        """The connection has ended."""


class Work(Stateful, Protocol):
    """The work between two states, which `Link` does."""

    def begin(self) -> None:
        """Get ready for frames."""

    def recover(self) -> None:
        """Tell that the link works after all."""

    def end(self, reason: str) -> None:
        """Say `bye`, if there is a reason, and hang up."""

    def hang_up(self) -> None:
        """Close once everything is sent."""

    def say_goodbye(self) -> None:
        """Say `bye left`, and let the other side hang up."""

    def drop(self) -> None:
        """Close at once."""

    def be_gone(self) -> None:
        """Let nothing of it be left, and tell that it is closed."""


OPENING, READY, SUSPECT, PARTING, CLOSING, GONE = State
ENDING = (PARTING, CLOSING, GONE)
"""The states in which this side is done with the link."""

TABLE: tuple[Row, ...] = (
    # In one of these states,                       this leads          to this,  and this is done.
    ((OPENING,),                                    Inputs.proven,      READY,    Work.begin),
    ((READY,),                                      Inputs.unanswered,  SUSPECT,  None),
    ((SUSPECT,),                                    Inputs.heard,       READY,    Work.recover),
    ((OPENING, READY, SUSPECT),                     Inputs.close,       CLOSING,  Work.end),
    ((OPENING, READY, SUSPECT, PARTING),            Inputs.dismissed,   CLOSING,  Work.hang_up),
    ((OPENING, READY, SUSPECT),                     Inputs.leave,       PARTING,  Work.say_goodbye),
    ((PARTING,),                                    Inputs.late,        CLOSING,  Work.hang_up),
    ((CLOSING,),                                    Inputs.late,        CLOSING,  Work.drop),
    ((OPENING, READY, SUSPECT, PARTING, CLOSING),   Inputs.abort,       CLOSING,  Work.drop),
    ((OPENING, READY, SUSPECT, PARTING, CLOSING),   Inputs.lost,        GONE,     Work.be_gone),
)  # fmt: skip
"""Whatever is not in it changes nothing: a link that is closing for one reason is not closed for another."""

LinkMachine = machine(Inputs, Work, TABLE)
