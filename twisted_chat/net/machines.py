"""State machines that are declared as tables. Automat makes the machine of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Protocol, TypeAlias, TypeVar

from automat import TypeMachineBuilder
from twisted.logger import Logger

Row: TypeAlias = tuple[Sequence[Enum], Callable[..., None], Enum, Callable[..., None] | None]
"""Some states, an input, the state that it leads to from each of them, and the work to do then: a method that the core has."""


class Stateful(Protocol):
    """The core of a machine: it is in a state, and does the work."""

    def moved(self, state: Any, by: str) -> None:
        """Note the new state, to which the input called `by` has led. The work of the row, if any, is done after that."""
        ...


Inputs = TypeVar("Inputs")
Core = TypeVar("Core", bound=Stateful)


def machine(
    inputs: Callable[..., Inputs], core: Callable[..., Core], table: Sequence[Row]
) -> Callable[[Core, Enum], Inputs]:
    """Return a function that makes a machine: it takes a core, and the state to begin in.

    An input changes nothing in a state in which the table has no row for it. An input that comes from within the work of
    another is taken when that work is done.
    """
    builder: TypeMachineBuilder[Inputs, Core] = TypeMachineBuilder(inputs, core)  # type: ignore[arg-type]  # a protocol
    members = {state: None for before, _given, after, _work in table for state in (*before, after)}
    states = {state: builder.state(state.name) for state in members}
    rows = {(each, given): (after, work) for before, given, after, work in table for each in before}
    for given in dict.fromkeys(given for _before, given, _after, _work in table):
        for before, state in states.items():
            after, work = rows.get((before, given), (before, None))
            state.upon(given).to(states[after])(_transition(before, given.__name__, after, work))
    built = builder.build()
    return lambda core, state: built(core, states[state])


def _transition(before: Enum, given: str, after: Enum, work: Callable[..., None] | None) -> Callable[..., None]:
    def transition(machine: object, core: Stateful, *arguments: object) -> None:
        if after is not before:
            core.moved(after, given)
        if work is not None:
            getattr(core, work.__name__)(*arguments)

    return transition


def trace(log: Logger, what: str, before: Enum, by: str, after: Enum) -> None:
    """Log a change of state, for debugging."""
    log.debug("{what}: {before} -> {after} ({by})", what=what, before=before.name, after=after.name, by=by)
