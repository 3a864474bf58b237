"""The state machines of links and dialers: their tables, tried out input by input."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.net import dialer_states, link_states
from twisted_chat.net.machines import Row, Stateful, machine

Move = tuple[str, str, str, str]
"""A state, an input, the state that follows, and the work that is done."""


class Core:
    """Does any work by noting it."""

    def __init__(self, state: Enum) -> None:
        self.state = state
        self.done: list[str] = []

    def moved(self, state: Enum, by: str) -> None:
        """See `Stateful`."""
        self.state = state

    def __getattr__(self, work: str) -> Callable[..., None]:
        return lambda *arguments: self.done.append(work)


def methods(protocol: type) -> dict[str, Callable[..., Any]]:
    """Return the methods that a protocol itself declares, by name."""
    return {name: each for name, each in vars(protocol).items() if inspect.isfunction(each) and name[0] != "_"}


def moves(module: Any, make: Callable[[Any, Enum], Any]) -> set[Move]:
    """Return what really comes of each input in each state, where anything does; found out by giving each."""
    found = set()
    for state in module.State:
        for name, given in methods(module.Inputs).items():
            core = Core(state)
            getattr(make(core, state), name)(*[""] * (len(inspect.signature(given).parameters) - 1))
            if core.done or core.state is not state:
                found.add((state.name, name, core.state.name, " ".join(core.done)))
    return found


MACHINES = ((link_states, link_states.LinkMachine), (dialer_states, dialer_states.DialerMachine))


class TableTests(SynchronousTestCase):
    """What the tables say."""

    def test_done(self) -> None:
        """The machine does what its table says, in each of the states that a row names, and nothing else."""
        for module, make in MACHINES:
            rows = [
                (state.name, given.__name__, after.name, work.__name__ if work else "")
                for states, given, after, work in module.TABLE
                for state in states
            ]
            self.assertEqual(sorted(rows), sorted(moves(module, make)), module.__name__)

    def test_whole(self) -> None:
        """Each state can be left or is the last, each can be reached or is the first; each input and each work has a use."""
        for module, make in MACHINES:
            found = moves(module, make)
            names = [state.name for state in module.State]
            self.assertEqual({before for before, *_ in found}, set(names[:-1]))
            self.assertEqual({after for _before, _given, after, _work in found}, set(names[1:]))
            self.assertEqual({given for _before, given, *_ in found}, set(methods(module.Inputs)))
            self.assertEqual({work for *_, work in found if work}, set(methods(module.Work)))


class Light(Enum):
    """The states of a machine that is not one of ours."""

    OFF = "dark"
    ON = "bright"


class Switch(Protocol):
    """Its inputs."""

    def flip(self) -> None:
        """Go on, or off."""


class Bulb(Stateful, Protocol):
    """What it does."""

    def shine(self) -> None:
        """Be seen."""


class MachineTests(SynchronousTestCase):
    """What a table is turned into."""

    def test_within(self) -> None:
        """An input from within the work of another is taken once that work is done, and both are before the first returns."""
        table: tuple[Row, ...] = (
            ((Light.OFF,), Switch.flip, Light.ON, Bulb.shine),
            ((Light.ON,), Switch.flip, Light.OFF, None),
        )
        seen: list[object] = []

        class Lamp(Core):
            def moved(self, state: Enum, by: str) -> None:
                """See `Stateful`."""
                super().moved(state, by)
                seen.append((state, by))

            def shine(self) -> None:
                """Burn out at once."""
                switch.flip()
                seen.append("shone")

        lamp = Lamp(Light.OFF)
        switch = machine(Switch, Bulb, table)(lamp, Light.OFF)
        switch.flip()
        self.assertEqual(seen, [(Light.ON, "flip"), "shone", (Light.OFF, "flip")])
