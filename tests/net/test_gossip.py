"""Which addresses are passed on and believed, and whose word counts."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.net.addresses import is_loopback, normal
from twisted_chat.net.gossip import (
    MAX_REMEMBERED,
    MAX_VAIN,
    MEMORY,
    VAIN_A_PLACE,
    VAIN_IN_ALL,
    Hearsay,
    Word,
    believed,
    told,
)

LOOPBACK = "127.0.0.1"
LAN = "192.168.0.7"
FAR = "1.2.3.4"
LINK_LOCAL = "fe80::7%eth0"
ANA, BIA = b"a" * 32, b"b" * 32


class AddressTests(SynchronousTestCase):
    """One host is one host, however it is written."""

    def test_normal(self) -> None:
        """IPv4 within IPv6 is IPv4, IPv6 is written shortest and in lower case, scopes stay, names are in lower case."""
        written = {
            "::FFFF:10.0.0.1": "10.0.0.1",
            "FD77:0:0::01": "fd77::1",
            "fe80::0:1%eth0": "fe80::1%eth0",
            "Ana.Local": "ana.local",
            "10.0.0.1": "10.0.0.1",
        }
        self.assertEqual({host: normal(host) for host in written}, written)

    def test_loopback(self) -> None:
        """Loopback in the clothes of IPv6 is loopback."""
        self.assertTrue(is_loopback("::ffff:127.0.0.1"))
        self.assertFalse(is_loopback("::ffff:10.0.0.1"))
        self.assertFalse(is_loopback("fe80::1%lo"))


class PassingTests(SynchronousTestCase):
    """What may be told to whom, and be believed."""

    def test_told(self) -> None:
        """Everything but what means nothing where it is told."""
        cases = {
            (LAN, FAR): LAN,
            (FAR, LAN): FAR,
            (LAN, LOOPBACK): LAN,
            (LOOPBACK, "127.0.0.2"): LOOPBACK,
            (LOOPBACK, LAN): None,
            ("::1", LAN): None,
            (LINK_LOCAL, "fe80::8%eth0"): "fe80::7",
            (LINK_LOCAL, "fe80::8%eth1"): None,
            (LINK_LOCAL, LAN): None,
            ("ana.local", LAN): None,
        }
        self.assertEqual({case: told(*case) for case in cases}, cases)

    def test_believed_of_a_member(self) -> None:
        """Who knows the passphrase is believed anything by which one machine can be reached; loopback on this one only."""
        cases = {
            (LAN, FAR): LAN,
            (FAR, LAN): FAR,
            ("2001:4860::8", LAN): "2001:4860::8",
            ("::ffff:10.0.0.1", LAN): "10.0.0.1",
            (LOOPBACK, LOOPBACK): LOOPBACK,
            ("::1", LOOPBACK): "::1",
            (LOOPBACK, LAN): None,
            ("::ffff:127.0.0.1", LAN): None,
            ("fe80::7", "fe80::8%eth0"): LINK_LOCAL,
            ("fe80::7%eth9", "fe80::8%eth0"): LINK_LOCAL,
            ("fe80::7", LAN): None,
        }
        self.assertEqual({case: believed(*case, closed=True) for case in cases}, cases)

    def test_believed_of_a_stranger(self) -> None:
        """In an open group only addresses of networks nearby count, and only from there."""
        near = ("10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fd77::1", "fe80::1")
        for host in near:
            self.assertIsNotNone(believed(host, "fe80::8%eth0", closed=False), host)
            self.assertIsNone(believed(host, FAR, closed=False), host)
        for host in (FAR, "172.32.0.1", "2001:4860::8", "::ffff:1.2.3.4", "11.0.0.1"):
            self.assertIsNone(believed(host, LAN, closed=False), host)

    def test_nobody_is_there(self) -> None:
        """Names, and addresses of many or of none, are believed of nobody."""
        hosts = (
            "", "localhost", "ana.local", "0.0.0.0", "0.1.2.3", "::", "224.0.0.251", "ff02::fb", "255.255.255.255",
            "240.0.0.1", "::ffff:224.0.0.1", "10.0.0.1:80", "127.1", "0x7f000001", "10.0.0.300",
        )  # fmt: skip
        for host in hosts:
            for closed in (True, False):
                self.assertIsNone(believed(host, LAN, closed), host)


def word(teller: bytes, port: int, whence: str | None = LAN, member: bytes = b"m" * 32) -> Word:
    """Return what a teller says."""
    return Word(LAN, port, member, teller, whence)


class HearsayTests(SynchronousTestCase):
    """Words that turned out to be worth nothing."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.hearsay = Hearsay(self.clock.seconds)

    def test_address(self) -> None:
        """Where somebody was not as announced, that one is not sought again for 10 minutes, whoever says so."""
        self.hearsay.in_vain(word(ANA, 1))
        self.assertFalse(self.hearsay.takes(word(BIA, 1)))
        self.assertTrue(self.hearsay.takes(word(BIA, 2)))
        self.clock.advance(MEMORY + 1)
        self.assertTrue(self.hearsay.takes(word(BIA, 1)))

    def test_slander(self) -> None:
        """A lie about who is at an address does not keep the one who is there from being told of."""
        self.hearsay.in_vain(word(ANA, 1, member=b"x" * 32))
        self.assertTrue(self.hearsay.takes(word(BIA, 1)))

    def test_teller(self) -> None:
        """Whose word was worth nothing eight times is not listened to for a while; others are."""
        for port in range(MAX_VAIN):
            self.assertTrue(self.hearsay.takes(word(ANA, 100)))
            self.hearsay.in_vain(word(ANA, port))
            self.clock.advance(1)
        self.assertFalse(self.hearsay.heeds(word(ANA, 100)))
        self.assertTrue(self.hearsay.takes(word(BIA, 100)))
        self.clock.advance(MEMORY - MAX_VAIN + 0.5)
        self.assertTrue(self.hearsay.takes(word(ANA, 100)))

    def taken(self, whences: list[str]) -> int:
        """Return how many words are taken of a crowd of keys that come from these addresses."""
        taken = 0
        for number in range(500):
            said = word(number.to_bytes(32, "big"), number, whences[number % len(whences)])
            if self.hearsay.takes(said):
                self.hearsay.acted_upon(said)
                taken += 1
        return taken

    def test_many_keys(self) -> None:
        """However many keys somebody makes, at one address or many, only so many words are taken; not even those count as true
        that are still being looked into. Who was known before is listened to all the same."""
        self.assertEqual(self.taken([LAN]), VAIN_A_PLACE)
        self.setUp()
        self.assertEqual(self.taken([f"10.0.0.{number}" for number in range(20)]), VAIN_IN_ALL)
        self.assertTrue(self.hearsay.takes(word(ANA, 9000, None)))

    def test_looked_into(self) -> None:
        """Of one member eight words are looked into at a time, and others wait; what proves true makes room."""
        for port in range(MAX_VAIN):
            self.hearsay.acted_upon(word(ANA, port))
        self.assertFalse(self.hearsay.takes(word(ANA, 100)))
        self.assertTrue(self.hearsay.heeds(word(ANA, 100)))
        self.hearsay.proven(word(ANA, 0))
        self.assertTrue(self.hearsay.takes(word(ANA, 100)))

    def test_bounded(self) -> None:
        """However many say however much, only so much is remembered: the newest."""
        for number in range(2 * MAX_REMEMBERED):
            self.hearsay.in_vain(word(number.to_bytes(32, "big"), number, None))
        self.hearsay.takes(word(ANA, 1, None))
        self.assertLessEqual(len(self.hearsay._vain), MAX_REMEMBERED)
        self.assertFalse(self.hearsay.takes(word(ANA, 2 * MAX_REMEMBERED - 1, None)))
        self.assertTrue(self.hearsay.takes(word(ANA, 0, None)))
