"""Scopes of addresses, and addresses with ports as they are written: in one way, by one function."""

from __future__ import annotations

import ast
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from tests.kit.saying import who
from twisted_chat.chatlog import ChatLog
from twisted_chat.core import events
from twisted_chat.core.people.roster import Member
from twisted_chat.core.status import AddressStatus, Diagnosis, Finding, Found, LinkStatus, Status
from twisted_chat.net.addresses import endpoint, needs_scope, scoped
from twisted_chat.speech import answers
from twisted_chat.speech.advice import advice, at_address
from twisted_chat.speech.events import sentences

PACKAGE = Path(twisted_chat.__file__).parent
HOST, PORT, WRITTEN = "fe80::1%eth0", 5001, "[fe80::1%eth0]:5001"
BY_HAND = re.compile(r"(\{[^{}]*\}|%s)\]?:(\{[^{}]*port[^{}]*\}|%[sd])", re.IGNORECASE)
"""How a host with its port is written where that is not left to `endpoint`."""


def templates(source: str) -> Iterator[str]:
    """Yield every string of a module as a template: what is filled into an f-string stands in braces."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else ast.literal_eval(part)
                for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def by_hand(source: str) -> list[str]:
    """Return the strings of a module that put a host and a port together."""
    return [template for template in templates(source) if BY_HAND.search(template)]


class ScopeTests(SynchronousTestCase):
    """The interface that leads to a link-local address."""

    def test_named(self) -> None:
        """Whether a system tells its number with the address or beside it, the interface's name is what is kept."""
        [(number, name), *_] = socket.if_nameindex()
        self.assertEqual(scoped("fe80::1", number), f"fe80::1%{name}")
        self.assertEqual(scoped(f"fe80::1%{number}"), f"fe80::1%{name}")
        for host in ("fe80::1%eth0", "fe80::1", "::1", "10.0.0.1", "ana.local"):
            self.assertEqual(scoped(host), host)

    def test_unknown(self) -> None:
        """A number without a name stays, whatever it is."""
        for number in ("999999", "9" * 5000):
            self.assertEqual(scoped(f"fe80::1%{number}"), f"fe80::1%{number}")
        self.assertEqual(scoped("fe80::1", 999999), "fe80::1%999999")

    def test_needed(self) -> None:
        """Of all addresses only IPv6 link-local ones lead nowhere without it."""
        self.assertTrue(needs_scope("fe80::1") and needs_scope("FEBF::1"))
        for host in ("fe80::1%eth0", "::1", "2001:db8::1", "169.254.0.1", "::ffff:169.254.0.1", "ana.local"):
            self.assertFalse(needs_scope(host), host)


class EndpointTests(SynchronousTestCase):
    """Addresses with ports."""

    def test_written(self) -> None:
        """An IPv6 address stands in brackets, or its end could not be told from the port; others don't."""
        self.assertEqual(endpoint(HOST, PORT), WRITTEN)
        self.assertEqual(endpoint("::1", "5000"), "[::1]:5000")
        self.assertEqual(endpoint("10.0.0.1", 5000), "10.0.0.1:5000")
        self.assertEqual(endpoint("ana.local", 5000), "ana.local:5000")

    def test_shown(self) -> None:
        """So it is told who joined, who is here, how links are, and what is at an address."""
        member = Member(b"a" * 32, "Ana", "Ana", 1, HOST, PORT)
        link = LinkStatus(b"a" * 32, "Ana", HOST, PORT, True, False, True, 0.001, 0)
        found = AddressStatus(HOST, PORT, Found(Finding.FREE))
        for told in (
            sentences(events.Joined("Ana", HOST, PORT, True)),
            answers.lines(who([member])),
            answers.lines(Status(0, 0, [], [link], [], {})),
            [at_address(found)],
            advice(Diagnosis((HOST, PORT), [], {}, None, None, 0, ""), "log"),
            advice(Diagnosis(("::1", PORT), [], {}, None, None, 0, ""), "log"),
        ):
            self.assertRegex("\n".join(told), r"\[(fe80::1%eth0|::1)\]:5001")

    def test_logged(self) -> None:
        """And so it stands in the log."""
        path = self.mktemp()
        log = ChatLog(path)
        for event in (events.Joined("Ana", HOST, PORT, False), events.Refused(HOST, PORT, "full", "why")):
            log({"chat_event": event})
        log.close()
        joined, refused = Path(path).read_text(encoding="utf-8").splitlines()
        self.assertTrue(joined.endswith(f"[ENTRADA USR] Conexão recebida de ({WRITTEN}) (Ana)"), joined)
        self.assertTrue(refused.endswith(f"[AVISO] Conexão com {WRITTEN} recusada (full): why"), refused)

    def test_in_one_place(self) -> None:
        """No other string of the program, and no translation, puts host and port together."""
        found = {
            str(path.relative_to(PACKAGE)): strings
            for path in sorted(PACKAGE.rglob("*.py"))
            if (strings := by_hand(path.read_text(encoding="utf-8")))
        }
        self.assertEqual(found, {"net/addresses.py": ["[{host}]:{port}", "{host}:{port}"]})
        for path in PACKAGE.rglob("*.po"):
            self.assertNotRegex(path.read_text(encoding="utf-8"), BY_HAND)

    def test_found(self) -> None:
        """What would be such a string, and what not."""
        for source in (
            'f"{a.host}:{a.port}"',
            '_("at {host}:{port}, say")',
            """f"{host}:{self['port']}" """,
            '"%s:%d" % (host, port)',
            "f'{where()}:{PORT}'",
        ):
            self.assertEqual(len(by_hand(source)), 1, source)
        for source in ('f"{path}:{line}"', '"port {port}: {why}"', 'f"{name}: {text}"'):
            self.assertEqual(by_hand(source), [], source)
