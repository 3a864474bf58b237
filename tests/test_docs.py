"""The pages for people: what they say is there, is; what is there, they say; and their examples are what the code does."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

from nacl.bindings import (
    crypto_scalarmult,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_ed25519_sk_to_curve25519,
    crypto_sign_seed_keypair,
)
from nacl.signing import VerifyKey
from spake2 import SPAKE2_A
from twisted.python.reflect import namedAny
from twisted.trial.unittest import SynchronousTestCase

from tests.net.test_machines import MACHINES, Move, methods, moves
from twisted_chat.chatlog import MAX_REFUSALS
from twisted_chat.cli.checks import MAX_LINKS
from twisted_chat.cli.flags import COMMON, Flag, Section
from twisted_chat.cli.options import Options
from twisted_chat.cli.subcommands import SUBCOMMANDS
from twisted_chat.core import errors
from twisted_chat.core.commands import BARE_QUIT, COMMANDS
from twisted_chat.core.errors import REASONS
from twisted_chat.core.feeds.batches import (
    MAX_BODY,
    MAX_RECORDS,
    Batch,
    FeedId,
    check_signature,
    parse_batch,
    sign_batch,
)
from twisted_chat.core.feeds.records import KINDS, KnownRecord, Say
from twisted_chat.core.group import MAX_AUTHORS, Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.people.comings import OF_MEMBER, OF_PLACE, OF_STRANGERS
from twisted_chat.core.replication.forks import MAX_FORKS
from twisted_chat.core.replication.inventory import MAX_FEEDS, MAX_HELD, Inventory
from twisted_chat.core.replication.listings import BEYOND, MAX_HAVE, OF_EACH
from twisted_chat.core.replication.unsaved import OWN_UNSAVED, UNSAVED
from twisted_chat.core.wire.acquaintance import Acquaintances
from twisted_chat.core.wire.frames import (
    FRAMES,
    MAX_LINE,
    TAGS,
    Address,
    BatchFrame,
    Bye,
    Digest,
    Frame,
    Greet,
    Linked,
    Peers,
    Ping,
    Pong,
    Stop,
    TypingFrame,
    Want,
    decode,
    encode,
)
from twisted_chat.core.wire.opening import Introduction, Opening, Role, Slow, Step
from twisted_chat.core.writing.text import MAX_TEXT
from twisted_chat.frontends.console.output import MAX_QUEUED
from twisted_chat.net.budget import BURST, BYTES, FORK, RATE
from twisted_chat.net.dialing import MAX_LEARNED
from twisted_chat.net.failures import IN_ALL, PER_ADDRESS
from twisted_chat.net.flow import TURN
from twisted_chat.net.gossip import MAX_REMEMBERED, MAX_VAIN, VAIN_A_PLACE, VAIN_IN_ALL
from twisted_chat.net.link import MAX_UNTAKEN
from twisted_chat.net.mdns import MAX_SERVICES
from twisted_chat.net.pairs import MAX_ALIKE, MAX_INSTANCES
from twisted_chat.net.pending import MAX_CLOSING, MAX_OPENING
from twisted_chat.speech.i18n import in_language
from twisted_chat.storage.memory import LIMIT as MEMORY

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.pt-BR.md")
MAX_README = 120
"""Lines after which a newcomer stops reading."""
GUIDES = tuple(sorted(f"docs/{path.name}" for path in (ROOT / "docs" / "pt-BR").glob("*.md")))
"""Pages by what one wants to do. Each is there in Portuguese, in `docs/pt-BR`."""
PAGES = tuple(sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))))
COMMANDS_PAGES = ("docs/commands.md", "docs/pt-BR/commands.md")
STATES_PAGES = ("docs/states.md", "docs/pt-BR/states.md")
FLAGS_PAGES = ("docs/flags.md", "docs/pt-BR/flags.md")

_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def page(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def prose(name: str) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", page(name))


def section(name: str, title: str) -> str:
    """Return a section of a page, from its heading up to the next of the same level."""
    _, found, rest = page(name).partition(f"\n## {title}\n")
    assert found, f"{name} has no section {title!r}"
    return rest.split("\n## ")[0]


def leads_to(name: str) -> set[str]:
    """Return the files of this repository that the links of a page lead to, as they would be named in English."""
    links = [link.partition("#")[0] for link in _LINK.findall(prose(name)) if "://" not in link]
    targets = {str(((ROOT / name).parent / link).resolve().relative_to(ROOT)) for link in links if link}
    return {target.replace("docs/pt-BR/", "docs/").replace(".pt-BR", "") for target in targets}


def shape(name: str) -> object:
    """Return what a page has in every language: the levels of its headings, commands to copy, how many rows, and links."""
    levels = [heading.split(" ")[0] for heading in re.findall(r"^#+ .+$", prose(name), re.MULTILINE)]
    commands = re.findall(r"^```sh\n.*?^```$", page(name), re.DOTALL | re.MULTILINE)
    links = [link for link in _LINK.findall(prose(name)) if not link.startswith(("#", "README"))]
    alike = [re.sub(r"(^(\.\./)*(docs/)?(pt-BR/)?)|(\.pt-BR)|(#.*)", "", link) for link in links]
    return levels, commands, len(cells(page(name))), alike


def anchors(name: str) -> set[str]:
    """Return what a link may have after `#` to lead to a heading of a page."""
    headings = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(name)))
    return {heading.replace(" ", "-") for heading in headings}


def cells(text: str) -> list[str]:
    """Return the first cell of each row of the tables in `text`."""
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]


def flags(options: type) -> set[str]:
    """Return every flag that a command line takes, but `--help` and `--version`, which all have."""
    names = {name.rstrip("=") for name in options().longOpt}
    return {f"--{name}" for name in names - {"help", "version"}}


def begun(flag: Flag) -> str:
    """Return how the row of a flag begins, with its default if there is one that is the same in all languages."""
    return f"| `--{flag.name}` | " + ("" if flag.default is None else f"`{flag.default}` ")


class LinkTests(SynchronousTestCase):
    """Where the pages lead."""

    def test_links_resolve(self) -> None:
        """Every relative link leads to a file that is there and, after `#`, to a heading in it."""
        for name in PAGES:
            for link in _LINK.findall(prose(name)):
                if "://" in link:
                    continue
                path, _, anchor = link.partition("#")
                target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
                self.assertTrue(target.exists(), f"{name}: {link}")
                if anchor:
                    self.assertIn(anchor, anchors(str(target.relative_to(ROOT))), f"{name}: {link}")

    def test_files_named(self) -> None:
        """Every test that a page names is there."""
        for name in PAGES:
            for path in re.findall(r"`(tests/[\w/]+\.py)`", prose(name)):
                self.assertTrue((ROOT / path).exists(), f"{name}: {path}")

    def test_tests_named(self) -> None:
        """Every threat that is defended against has a test, and every test case and test that a page names is there."""
        for name in PAGES:
            for test in re.findall(r"`(tests(?:\.\w+)+)`", prose(name)):
                namedAny(test)
        rows = [row for row in section("docs/security.md", "Threats and defences").splitlines() if row.startswith("| ")]
        self.assertGreater(len(rows), 20)
        for row in rows[1:]:
            self.assertRegex(row, r"`tests\.[\w.]+` \|$")


class ReadmeTests(SynchronousTestCase):
    """What people read first, in two languages."""

    def test_alike(self) -> None:
        """A page for people has the same sections, tables, commands to copy, and links in both languages, in the same order."""
        self.assertEqual(shape(READMES[0]), shape(READMES[1]))
        for name in GUIDES:
            self.assertEqual(shape(name), shape(name.replace("docs/", "docs/pt-BR/")), name)

    def test_short(self) -> None:
        """A newcomer reads 120 lines at most."""
        for name in READMES:
            self.assertLessEqual(len(page(name).splitlines()), MAX_README, name)

    def test_every_page(self) -> None:
        """The README of each language leads to every page there is, each in its language if it is there in it."""
        every = {name.replace("docs/pt-BR/", "docs/").replace(".pt-BR", "") for name in PAGES}
        for name in READMES:
            self.assertEqual(every - leads_to(name), set(), name)
        for name in GUIDES:
            self.assertIn(f"({name})", page(READMES[0]))
            self.assertIn(f"({name.replace('docs/', 'docs/pt-BR/')})", page(READMES[1]))

    def test_pictures(self) -> None:
        """A README shows a first minute in its language, in a picture that is small and can be read as one."""
        for name in READMES:
            (link,) = re.findall(r"!\[.+\]\((docs/images/first-minute[\w.-]*\.svg)\)", page(name))
            self.assertLess((ROOT / link).stat().st_size, 200_000)
            self.assertTrue(ElementTree.parse(ROOT / link).getroot().tag.endswith("svg"))

    def test_begins_with_commands(self) -> None:
        """What it is, how it looks, and the commands that run and test it are in the first 30 lines, each on one line."""
        for name in READMES:
            beginning = page(name).splitlines()[:30]
            self.assertIn("$ .venv/bin/tcpchat --name Ana --port 5000", beginning)
            self.assertEqual(sum(line.startswith("python3 -m venv .venv && ") for line in beginning), 2)

    def test_same_test_command(self) -> None:
        """The command that runs the tests is what `.ci/run` runs, and what CONTRIBUTING says."""
        (line,) = (line for line in page("README.md").splitlines() if "trial -j 2 tests" in line and "&&" in line)
        for step in line.split(" && "):
            self.assertIn(step, (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
            self.assertIn(step, page("CONTRIBUTING.md"))

    def test_every_flag(self) -> None:
        """The table has a row for every flag of a peer with its default, and no other, in the order and under the headings of
        `--help`."""
        for name, title, language in zip(FLAGS_PAGES, ("Flags", "Opções"), ("en", "pt_BR"), strict=True):
            rows = [row for row in section(name, title).splitlines() if row.startswith(("| `--", "| **"))]
            expected: list[str] = []
            for part in Section:
                expected.append(f"| **{in_language(language, part.value).removesuffix(':')}** ")
                expected += [row for flag in (*Options.flags, *COMMON) if flag.section is part for row in [begun(flag)]]
                expected = expected[: -1 if expected[-1].startswith("| **") else None]
            self.assertEqual([row[: len(begins)] for row, begins in zip(rows, expected, strict=True)], expected, name)

    def test_every_subcommand(self) -> None:
        """Every subcommand is there with its flags, but `--lang`, which all have."""
        for name in FLAGS_PAGES:
            for word, options in SUBCOMMANDS.items():
                (row,) = (line for line in page(name).splitlines() if line.startswith(f"| `tcpchat {word}"))
                self.assertEqual(set(re.findall(r"--[\w-]+", row)), flags(options) - {"--lang"}, row)

    def test_every_command(self) -> None:
        """Every word that can be typed after a `/` is in the table, and the table has no other."""
        for name, title in zip(COMMANDS_PAGES, ("Commands", "Comandos"), strict=True):
            typed = "\n".join(cells(section(name, title)))
            documented = set(re.findall(r"`/(\w+)", typed))
            self.assertEqual(documented, {word for command in COMMANDS for word in command.words}, name)
            self.assertIn(f"`{BARE_QUIT}`", typed)


def drawn(name: str, title: str) -> list[set[Move]]:
    """Return what the drawings of states in a section of a page say: a state, an input, the state after, and the work.

    An arrow from a group goes out from each state in it. What stands after a comma is a condition, which is for people.
    """
    found = []
    for block in _FENCE.findall(section(name, title)):
        groups: dict[str, set[str]] = {}
        arrows: list[tuple[str, str, str]] = []
        inside = ""
        for line in block.splitlines()[1:]:
            if opening := re.fullmatch(r' *state ".+" as (\w+) {', line):
                inside = opening[1]
            elif line.strip() == "}":
                inside = ""
            else:
                before, after, label = re.fullmatch(r" *(\S+) --> (\S+?)(?:: (.+))?", line).groups()  # type: ignore[union-attr]
                arrows.append((before, after, label or ""))
                groups.setdefault(inside, set()).update({before, after} - {"[*]"} if inside else set())
        moves = set()
        for before, after, label in arrows:
            given, _, work = label.partition(" / ")
            for each in given.partition(",")[0].split(" or "):
                moves |= {(state, each, after, work) for state in groups.get(before, {before})}
        found.append({move for move in moves if move[1]})
    return found


class Conversing:
    """Both ends of an opening. `moves` is what has happened at each."""

    def __init__(self, secret: str, encrypted: bool) -> None:
        group = Group("chat", bool(secret))
        self.moves: dict[Role, set[Move]] = {role: set() for role in Role}
        self._ends = {
            role: Opening(Introduction(Identity(bytes([n]) * 32), group, "Ana", 0, n, True, secret), role, encrypted)
            for n, role in enumerate(Role)
        }
        self._steps = dict.fromkeys(Role, "[*]")

    def take(self, role: Role, given: str, answer: bytes | Slow) -> bytes:
        """Note what one end has answered, and return it."""
        if isinstance(answer, Slow):
            answer.compute()
            answer = answer.then()
        before, self._steps[role] = self._steps[role], self._ends[role].step.name
        self.moves[role].add((before, given, self._steps[role], json.loads(answer)["t"] if answer else ""))
        return answer

    def converse(self) -> None:
        """Let both talk until both are ready."""
        said = {role: self.take(role, "begin", end.begin()) for role, end in self._ends.items()}
        while set(self._steps.values()) != {Step.READY.name}:
            for role, end in self._ends.items():
                line, said[role.other] = said[role.other].strip(), b""
                if line:
                    said[role] += self.take(role, json.loads(line)["t"], end.receive(line))
            if set(self._steps.values()) == {Step.SECURED.name}:
                said = {role: self.take(role, "TLS", end.secured(b"channel")) for role, end in self._ends.items()}


def opening_moves() -> list[set[Move]]:
    """Return what really happens in openings of peers in open and in closed groups, encrypted or not, at each end."""
    found: list[set[Move]] = [set() for _ in Role]
    for secret, encrypted in (("", False), ("", True), ("correct horse", True)):
        conversing = Conversing(secret, encrypted)
        conversing.converse()
        for one, more in zip(found, conversing.moves.values(), strict=True):
            one |= more
    return found


class StatesTests(SynchronousTestCase):
    """`docs/states.md`, in two languages."""

    def test_openings(self) -> None:
        """The drawings of the opening, of the dialer's end and the listener's, are what happens there."""
        for name, title in zip(STATES_PAGES, ("Opening", "Abertura"), strict=True):
            self.assertEqual(drawn(name, title), opening_moves(), name)

    def test_machines(self) -> None:
        """The drawings of a link and of a dialer are what their machines do; each state and input is explained, and no other."""
        for name in STATES_PAGES:
            for title, (module, make) in zip(("Link", "Dialer"), MACHINES, strict=True):
                self.assertEqual(drawn(name, title), [moves(module, make)], (name, title))
                explained = re.findall(r"^\| `(\w+)` \|", section(name, title), re.MULTILINE)
                self.assertEqual(explained, [*(state.name for state in module.State), *methods(module.Inputs)], name)

    def test_meanings(self) -> None:
        """Each state means on the page what it means in the code."""
        for title, (module, _make) in zip(("Link", "Dialer"), MACHINES, strict=True):
            for state in module.State:
                self.assertIn(f"\n| `{state.name}` | {state.value} |\n", section(STATES_PAGES[0], title))

    def test_a_lie(self) -> None:
        """An arrow that is not in the table is seen, and one that is missing: also one from a group of states."""
        true = page(STATES_PAGES[0])
        for arrow, lie in (
            ("READY --> SUSPECT: unanswered", "READY --> CLOSING: unanswered"),
            ("    STANDING --> GONE: lost / be_gone\n", ""),
            ("AUTH --> READY: auth / auth", "AUTH --> READY: auth"),
        ):
            self.assertIn(arrow, true)
            with mock.patch("tests.test_docs.page", return_value=true.replace(arrow, lie)):
                wrong = drawn("", "Opening") != opening_moves() or drawn("", "Link") != [moves(*MACHINES[0])]
                self.assertTrue(wrong, arrow)


class ProtocolTests(SynchronousTestCase):
    """`docs/protocol.md`, from which somebody must be able to write another implementation."""

    name = "docs/protocol.md"

    def test_every_frame(self) -> None:
        """Every frame has a row that names its fields; there is no row for a frame that does not exist."""
        table = section(self.name, "Frames").split("### ")[0]
        rows = {line.split("|")[1].strip(" `"): line for line in table.splitlines() if line.startswith("| `")}
        self.assertEqual(set(rows), set(TAGS))
        for frame in FRAMES:
            row = rows[str(frame.__struct_config__.tag)]
            for field in frame.__struct_encode_fields__:
                self.assertIn(f"`{field}`", row)

    def test_every_reason(self) -> None:
        """Every reason a `bye` may carry is explained, and no other."""
        table = section(self.name, "Frames").split("### Reasons")[1]
        self.assertEqual({cell.strip("`") for cell in cells(table) if cell.startswith("`")}, set(REASONS))

    def test_every_kind(self) -> None:
        """Every kind of record has a row that names its fields."""
        table = section(self.name, "Feeds and epochs").split("### Records")[1]
        rows = {line.split("|")[1].strip(" `"): line for line in table.splitlines() if line.startswith("| `")}
        self.assertEqual({tag for tag in rows if tag != "k"}, {str(kind.__struct_config__.tag) for kind in KINDS})
        for kind in KINDS:
            for field in kind.__struct_encode_fields__:
                self.assertIn(f"`{field}`", rows[str(kind.__struct_config__.tag)])

    def test_limits(self) -> None:
        """The numbers in the page are those in the code."""
        bounds = section(self.name, "Bounds")
        exact = (
            MAX_LINE, MAX_BODY, MAX_RECORDS, MAX_TEXT, MAX_LINKS, MAX_OPENING, MAX_LEARNED, MAX_AUTHORS, MAX_FEEDS, MAX_HAVE,
            MAX_REFUSALS, MAX_REMEMBERED, MAX_SERVICES, MAX_CLOSING, MAX_FORKS, MAX_HELD, BURST, RATE, FORK, BYTES,
            round(TURN * 1000), MAX_INSTANCES, MAX_ALIKE, MAX_VAIN, VAIN_A_PLACE, VAIN_IN_ALL, PER_ADDRESS, IN_ALL, OF_MEMBER,
            OF_PLACE, OF_STRANGERS, OF_EACH, BEYOND,
        )  # fmt: skip
        for limit in exact:
            self.assertIn(f" {limit:,.0f} ", bounds.replace(",\n", " ").replace(", ", " "))
        for limit in (OWN_UNSAVED, UNSAVED, MAX_QUEUED, MEMORY, MAX_UNTAKEN):
            self.assertIn(f" {limit >> 20} MiB ", bounds)

    def test_transcripts(self) -> None:
        """What netcat shows in the first transcripts is what a peer says: greetings and refusals as they are written here."""
        shown = [line for block in _FENCE.findall(page(self.name))[:2] for line in block.splitlines()]
        for frame in (Greet(1, False), Bye(errors.PROTOCOL), Bye(errors.AUTH)):
            self.assertIn(encode(frame).decode().strip(), shown)

    def test_example(self) -> None:
        """The worked example is, line by line, what the code makes of the same keys."""
        blocks = _FENCE.findall(section(self.name, "A worked example"))
        opening, batches, hashes, rest = (block.splitlines() for block in blocks)
        made = sealed()
        self.assertEqual(opening, opened())
        self.assertEqual(batches, [batch.line.decode().strip() for batch in made])
        self.assertEqual(hashes, [base64.b64encode(batch.hash).decode() for batch in made])
        self.assertEqual(rest, [encode(frame).decode().strip() for frame in others(made)])

    def test_example_is_accepted(self) -> None:
        """A peer accepts the batches of the example."""
        for line in _FENCE.findall(section(self.name, "A worked example"))[1].splitlines():
            frame = decode(line.encode())
            assert isinstance(frame, BatchFrame)
            check_signature(Group(), parse_batch(frame.sig, bytes(frame.body)))

    def test_example_by_the_page_alone(self) -> None:
        """Who knows only the page, and none of this package, finds every signature and every hash as it says."""
        opening, batches, hashes, rest = (
            block.splitlines() for block in _FENCE.findall(section(self.name, "A worked example"))
        )
        greet, dialer, listener, auth_dialer, auth_listener = (line.encode() for line in opening)
        for role, hello, auth, lines in (
            (b"dialer", dialer, auth_dialer, (greet, dialer, listener)),
            (b"listener", listener, auth_listener, (greet, dialer, listener, auth_dialer)),
        ):
            signed = b"tcpchat/1 auth\0" + role + b"\0" + b"\n".join(lines)
            key = VerifyKey(base64.b64decode(json.loads(hello)["id"]))
            key.verify(signed, base64.b64decode(json.loads(auth)["sig"]))
        before = ""
        for line, expected in zip(batches, hashes, strict=True):
            sig = base64.b64decode(json.loads(line)["sig"])
            body = line.partition('"body":')[2].removesuffix("}")
            says = json.loads(body)
            key = VerifyKey(base64.b64decode(says["author"]))
            digest = sha256(body.encode()).digest()
            key.verify(b"tcpchat/1 batch\0open\0chat\0" + digest, sig)
            self.assertEqual(says["prev"], before)
            before = base64.b64encode(sha256(sig + digest).digest()).decode()
            self.assertEqual(before, expected)
        tips = [base64.b64decode(given)[:16].hex() for given in hashes[1:]]
        digest = sha256(f"7 1 3 {tips[0]} 0\n9 1 1 {tips[1]} 0\n".encode()).digest()[:16]
        self.assertEqual([*json.loads(rest[0])["authors"].values()], [base64.b64encode(digest).decode()])

    def test_closed_by_the_page_alone(self) -> None:
        """A dialer of a closed group that knows nothing but the page is taken for a member, shows that it is a known one, and
        recognises one."""
        channel = bytes(range(32))
        group = Group("math", True)
        ana = Introduction(ANA, group, "Ana", 5000, 1, True, "olá, mundo", Acquaintances(ANA, group, lambda: [BIA.id]))
        listener = Opening(ana, Role.LISTENER)

        def hear(answer: bytes | Slow) -> bytes:
            if isinstance(answer, Slow):
                answer.compute()
                answer = answer.then()
            return answer.removesuffix(b"\n")

        def dialer_says(**frame: str) -> bytes:
            lines.append(json.dumps(frame).encode())
            return lines[-1]

        def proof(role: bytes) -> str:
            said = b"tcpchat/1 mac\0" + role + b"\0" + b"\n".join(lines) + b"\0" + channel
            return base64.b64encode(hmac.digest(key, said, "sha256")).decode()

        lines = [listener.begin().removesuffix(b"\n")]
        listener.receive(dialer_says(t="tls"))
        listener.secured(channel)
        half = SPAKE2_A("olá, mundo".encode(), idA=b"tcpchat/1 dialer\0math", idB=b"tcpchat/1 listener\0math")
        sent = base64.b64encode(half.start()).decode()
        context = b"tcpchat/1 known\0closed\0math\0"
        shared = crypto_scalarmult(
            crypto_sign_ed25519_sk_to_curve25519(BIA_KEY), crypto_sign_ed25519_pk_to_curve25519(ANA.id)
        )
        secret = sha256(context + shared).digest()
        mine, hers = (
            hmac.digest(secret, context + role + b"\0" + channel, "sha256")[:16] for role in (b"dialer", b"listener")
        )
        known = base64.b64encode(bytes(16 * 62) + mine + bytes(16)).decode()
        lines.append(hear(listener.receive(dialer_says(t="pake", msg=sent, known=known))))
        self.assertEqual(listener.known, BIA.id)
        self.assertEqual(base64.b64decode(json.loads(lines[-1])["known"]), hers)
        key = half.finish(base64.b64decode(json.loads(lines[-1])["msg"]))
        answer = json.loads(hear(listener.receive(dialer_says(t="mac", mac=proof(b"dialer")))))
        self.assertEqual(answer, {"t": "mac", "mac": proof(b"listener")})


ANA, BIA = Identity(b"\x01" * 32), Identity(b"\x02" * 32)
BIA_KEY = crypto_sign_seed_keypair(b"\x02" * 32)[1]


def opened() -> list[str]:
    """Return the lines with which Bia opens a link with Ana."""
    listener = Opening(Introduction(ANA, Group(), "Ana", 5000, 1001, True), Role.LISTENER)
    dialer = Opening(Introduction(BIA, Group(), "Bia", 5002, 1002, True), Role.DIALER)
    lines = []
    with mock.patch("secrets.token_bytes", side_effect=[b"\x22" * 32, b"\x11" * 32]):
        line, hearer, other = listener.begin(), dialer, listener
        while line:
            lines.append(line.decode().strip())
            line, hearer, other = hearer.receive(line[:-1]), other, hearer
    assert listener.step is dialer.step is Step.READY
    return lines


def sealed() -> list[Batch]:
    """Return what Ana says in two lives."""

    def say(epoch: int, first: int, prev: bytes, at: int, *records: KnownRecord) -> Batch:
        return sign_batch(ANA, Group(), epoch, first, prev, at, at * 1000, "Ana", list(records))

    one = say(7, 1, b"", 1795336478000, Say("hi"), Say("anybody there?", "#tea"))
    two = say(7, 3, one.hash, 1795336479500, Say("olá"))
    return [one, two, say(9, 1, two.hash, 1795336500000, Say("back"))]


def others(batches: list[Batch]) -> Iterator[Frame]:
    """Yield the frames that follow in the example."""
    inventory = Inventory()
    for batch in batches:
        inventory.hold(batch.feed).extend(batch)
        inventory.hold(batch.feed).keep(batch)
    yield Digest({ANA.id: inventory.digest(ANA.id)})
    yield from inventory.lines(list(inventory), end=True)
    yield Want(FeedId(ANA.id, 7), 3)
    yield Stop(FeedId(ANA.id, 7))
    yield Peers([Address(BIA.id, "127.0.0.1", 5002)])
    yield Linked([BIA.id])
    yield TypingFrame("#chat")
    yield Ping(1)
    yield Pong(1)
    yield Bye(errors.LEFT)
