"""Whatever one watcher does, the others hear everything, in order."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.events import Event, Fault, Left
from twisted_chat.core.watching import MAX_FAULTS, Watchers


class WatchersTests(SynchronousTestCase):
    """Those who watch, told one after the other."""

    def setUp(self) -> None:
        self.watchers = Watchers()
        self.heard: list[Event] = []

    def test_in_order(self) -> None:
        """Who was added first hears first; who leaves hears nothing more, and may do so twice."""
        names: list[str] = []
        leave = self.watchers.add(lambda event: names.append("a"))
        self.watchers.add(lambda event: names.append("b"))
        self.watchers.tell(Left("Ana"))
        leave()
        leave()
        self.watchers.tell(Left("Ana"))
        self.assertEqual(names, ["a", "b", "b"])

    def test_one_function_twice(self) -> None:
        """One function added twice is two watchers, each with its own end."""
        self.watchers.add(self.heard.append)
        leave = self.watchers.add(self.heard.append)
        leave()
        leave()
        self.watchers.tell(Left("Ana"))
        self.assertEqual(len(self.heard), 1)

    def test_one_that_fails(self) -> None:
        """Before and after one that raises, all is heard; the fault is logged and told once, after what was being told."""
        before: list[Event] = []
        self.watchers.add(before.append)
        self.watchers.add(lambda event: 1 / 0)
        self.watchers.add(self.heard.append)
        for name in "ab":
            self.watchers.tell(Left(name))
        self.assertEqual(self.heard, [Left("a"), Fault(), Left("b")])
        self.assertEqual(before, self.heard)
        (failure,) = self.flushLoggedErrors(ZeroDivisionError)
        self.assertIn("1 / 0", failure.getTraceback())

    def test_ever_new_faults(self) -> None:
        """One that fails in ever new ways is not told of for ever."""
        failing: list[Callable[[], object]] = [type(f"E{number}", (Exception,), {}) for number in range(3 * MAX_FAULTS)]

        def fail(event: Event) -> None:
            raise failing.pop()()  # type: ignore[misc]

        self.watchers.add(fail)
        self.watchers.add(self.heard.append)
        for _ in range(MAX_FAULTS):
            self.watchers.tell(Left("a"))
        self.assertEqual(self.heard.count(Fault()), MAX_FAULTS)
        self.assertEqual(len(self.flushLoggedErrors()), MAX_FAULTS)

    def test_never_again_meanwhile(self) -> None:
        """What a watcher causes is told when all have heard what caused it."""

        def answer(event: Event) -> None:
            if event == Left("a"):
                self.watchers.tell(Left("b"))
                self.assertEqual(self.heard, [])

        self.watchers.add(answer)
        self.watchers.add(self.heard.append)
        self.watchers.tell(Left("a"))
        self.assertEqual(self.heard, [Left("a"), Left("b")])

    def test_leaves_while_told(self) -> None:
        """Who leaves while others are told does not hear of it any more; who comes then hears from the next one on."""
        leaves: list[Callable[[], None]] = []

        def change(event: Event) -> None:
            leaves.pop()()
            self.watchers.add(late.append)

        late: list[Event] = []
        self.watchers.add(change)
        leaves.append(self.watchers.add(self.heard.append))
        self.watchers.tell(Left("a"))
        self.assertEqual((self.heard, late), ([], []))
