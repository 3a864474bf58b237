"""How long is waited after setbacks, and what of it is news."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.net.setbacks import FIRST_WAIT, LONGEST_WAIT, MAX_REMEMBERED, Setbacks


class SetbackTests(SynchronousTestCase):
    """Of one member, and of many."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.setbacks = Setbacks(self.clock.seconds)

    def test_waits(self) -> None:
        """Waits double up to the longest; only the first is news, and begins anew when the kind changes, or all was well."""
        waits = [self.setbacks.suffer("a", "forged") for _ in range(8)]
        self.assertEqual([wait for wait, _ in waits[:3]], [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT])
        self.assertEqual(waits[-1], (LONGEST_WAIT, False))
        self.assertLessEqual(LONGEST_WAIT, 20, "so long somebody at an address for a moment delays a call there")
        self.assertEqual([news for _, news in waits], [True] + [False] * 7)
        self.assertEqual(self.setbacks.suffer("a", "limit"), (FIRST_WAIT, True))
        self.setbacks.forget("a")
        self.assertFalse(self.setbacks.had("a"))
        self.assertEqual(self.setbacks.suffer("a", "limit"), (FIRST_WAIT, True))

    def test_whose_will(self) -> None:
        """This side waits for what it would not have itself, and for as long as it said."""
        self.setbacks.suffer("a", "forged")
        self.setbacks.suffer("b", "forged", ours=False)
        self.assertEqual([self.setbacks.waits(whose) for whose in "abc"], ["forged", "", ""])
        self.clock.advance(FIRST_WAIT)
        self.assertEqual(self.setbacks.waits("a"), "")

    def test_bounded(self) -> None:
        """However many have setbacks, so many are remembered."""
        for number in range(2 * MAX_REMEMBERED):
            self.setbacks.suffer(number, "forged")
        self.assertFalse(self.setbacks.had(0))
        self.assertTrue(self.setbacks.had(2 * MAX_REMEMBERED - 1))
        self.assertEqual(len(self.setbacks._setbacks), MAX_REMEMBERED)
