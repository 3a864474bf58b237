"""A few of the inputs that `python -m tests.fuzz` feeds by the million."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.fuzz import targets
from tests.fuzz.running import ROUND, Found, inputs
from twisted_chat.core.feeds import batches
from twisted_chat.core.group import Group
from twisted_chat.core.replication.neighbour import Neighbour


class FuzzTests(SynchronousTestCase):
    """Whatever comes is taken or refused by name, in bounded memory."""

    def test_some(self) -> None:
        """Two rounds find nothing."""
        self.assertEqual(sum(1 for _ in inputs(1, 2 * ROUND)), 2 * ROUND)

    def test_faults_are_found(self) -> None:
        """An exception that escapes a decoder, one that escapes a link, and a bound that does not hold are each found, and the
        seed that leads there is named."""

        def stumble(*signed: Any) -> bool:
            raise KeyError("a mistake")

        def follow(neighbour: Neighbour, feed: Any, start: int, high: int) -> None:
            neighbour._cursors.update({batches.FeedId(feed.author, epoch): start for epoch in range(100_000)})

        mistakes: list[tuple[Any, str, Any]] = [
            (targets, "parse_batch", lambda sig, body: body[5000]),
            (Group, "signature_holds", stumble),
            (Neighbour, "follow", follow),
        ]
        for where, name, mistake in mistakes:
            patch = self.patch(where, name, mistake)
            found = self.assertRaises(Found, lambda: sum(1 for _ in inputs(7, ROUND)))
            self.assertIn("--seed 7", str(found))
            patch.restore()
            self.flushLoggedErrors()
