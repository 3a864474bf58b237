"""The states of a `Dialer`, and what leads from one to another: `docs/states.md` draws this table."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from twisted_chat.net.machines import Row, Stateful, machine


class State(Enum):
    """The states, each with what the dialer is doing in it."""

    IDLE = "it has not been told to call yet"
    CALLING = "a call is under way, or has led to a connection that is not a link yet"
    LINKED = "the call has led to a link"
    WAITING = "nobody answers; it calls again after a while"
    RESTING = "a peer answers with which there can be no link now; it calls again later"
    PARKED = "calling would be pointless"
    STOPPED = "it never calls again"


class Inputs(Protocol):
    """The inputs."""

    def call(self) -> None:
        """It is time to call."""

    def put_off(self) -> None:
        """It would be time to call, but the peer there is to be left alone for some seconds."""

    def ready(self) -> None:
        """The link is ready."""

    def retry(self) -> None:
        """The call came to nothing, or the link is lost."""

    def rest(self) -> None:
        """The same, and the peer there is to be left alone for some seconds."""

    def give_up(self) -> None:
        """The same, for the last time."""

    def park(self) -> None:
        """The peer behind the address has another link with us."""

    def stop(self) -> None:
        """Nobody wants the address to be called any more."""


class Work(Stateful, Protocol):
    """The work between two states, which `Dialer` does."""

    def connect(self) -> None:
        """Make a call."""

    def retry_later(self) -> None:
        """Set the time for the next call, each time a little later."""

    def rest_now(self) -> None:
        """Set the time for the next call to when the rest is over."""

    def be_forgotten(self) -> None:
        """Tell that the address is given up."""

    def wait_for_dial(self) -> None:
        """Let no time for a call be set."""

    def hang_up(self) -> None:
        """Break off a call under way."""


IDLE, CALLING, LINKED, WAITING, RESTING, PARKED, STOPPED = State

TABLE: tuple[Row, ...] = (
    # In one of these states,                              this leads        to this,  and this is done.
    ((IDLE, CALLING, LINKED, WAITING, RESTING, PARKED),    Inputs.call,      CALLING,  Work.connect),
    ((IDLE, CALLING, LINKED, WAITING, RESTING, PARKED),    Inputs.put_off,   RESTING,  Work.rest_now),
    ((CALLING,),                                           Inputs.ready,     LINKED,   None),
    ((CALLING, LINKED),                                    Inputs.retry,     WAITING,  Work.retry_later),
    ((CALLING, LINKED),                                    Inputs.rest,      RESTING,  Work.rest_now),
    ((CALLING, LINKED),                                    Inputs.give_up,   STOPPED,  Work.be_forgotten),
    ((IDLE, CALLING, LINKED, WAITING, RESTING),            Inputs.park,      PARKED,   Work.wait_for_dial),
    ((IDLE, CALLING, LINKED, WAITING, RESTING, PARKED),    Inputs.stop,      STOPPED,  Work.hang_up),
)  # fmt: skip
"""Whatever is not in it changes nothing: a dialer that has `STOPPED` is not told to do anything."""

DialerMachine = machine(Inputs, Work, TABLE)
