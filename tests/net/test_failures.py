"""How many guesses of a passphrase somebody has."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.net.failures import IN_ALL, LATELY, MAX_ADDRESSES, NEWS, PER_ADDRESS, PERIOD, Failures

EVE = "192.168.1.66"
ANA = "192.168.1.7"


class FailuresTests(SynchronousTestCase):
    """Budgets by address and in all."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.failures = Failures(self.clock.seconds)

    def fail_from(self, host: str, times: int) -> None:
        """Fail so many times from a host."""
        for _ in range(times):
            self.failures.failed(host)

    def test_few_guesses(self) -> None:
        """An address has so many guesses in ten minutes, enough for a class with its typing errors; others are not concerned."""
        self.fail_from(EVE, PER_ADDRESS - 1)
        self.assertTrue(self.failures.allows(EVE))
        self.fail_from(EVE, 1)
        self.assertFalse(self.failures.allows(EVE))
        self.assertFalse(self.failures.allows(f"::ffff:{EVE}"), "the same, written as IPv6")
        self.assertTrue(self.failures.allows(ANA))
        self.clock.advance(PERIOD)
        self.assertTrue(self.failures.allows(EVE))

    def test_news(self) -> None:
        """Of an address people are told once a minute at most."""
        self.assertEqual([self.failures.failed(host) for host in (EVE, EVE, ANA)], [True, False, True])
        self.clock.advance(NEWS + 1)
        self.assertTrue(self.failures.failed(EVE))

    def test_one_network_is_one_address(self) -> None:
        """Who has a whole /64 of IPv6 gains nothing by it."""
        for number in range(PER_ADDRESS):
            self.failures.failed(f"2001:db8:1:2::{number}")
        self.assertFalse(self.failures.allows("2001:db8:1:2::ffff"))
        self.assertTrue(self.failures.allows("2001:db8:1:3::1"))

    def test_many_addresses(self) -> None:
        """Many addresses together have so many guesses, after which only those of members are answered."""
        self.failures.proven(ANA)
        for number in range(IN_ALL):
            self.failures.failed(f"10.0.{number}.1")
        self.assertFalse(self.failures.allows("10.1.1.1"), "never heard of before")
        self.assertTrue(self.failures.allows(ANA))
        self.clock.advance(PERIOD)
        self.assertTrue(self.failures.allows("10.1.1.1"))
        self.clock.advance(LATELY)
        for number in range(IN_ALL):
            self.failures.failed(f"10.0.{number}.1")
        self.assertFalse(self.failures.allows(ANA))

    def test_near_and_far(self) -> None:
        """Who guesses from afar uses up no guess of those nearby, and the other way round."""
        for number in range(IN_ALL):
            self.failures.failed(f"1.2.{number}.1")
        self.assertFalse(self.failures.allows("1.3.1.1"))
        self.assertTrue(self.failures.allows(ANA))
        for number in range(IN_ALL):
            self.failures.failed(f"10.2.{number}.1")
        self.assertFalse(self.failures.allows(ANA))

    def test_bounded(self) -> None:
        """Whoever calls from however many addresses takes no more memory."""
        for number in range(3 * MAX_ADDRESSES):
            self.failures.failed(f"10.{number >> 8}.{number & 255}.1")
            self.failures.proven(f"11.{number >> 8}.{number & 255}.1")
        self.fail_from(EVE, 1_000)
        self.assertEqual(len(self.failures._failed), MAX_ADDRESSES)
        self.assertEqual(len(self.failures._proven), MAX_ADDRESSES)
        self.assertLessEqual(max(map(len, self.failures._failed.values())), PER_ADDRESS)
        self.assertLessEqual(max(map(len, self.failures._in_all.values())), IN_ALL)
