"""The layers of `docs/architecture.md`: imports run downward only, and the core touches no outside world."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import twisted_chat

PACKAGE = Path(twisted_chat.__file__).parent

LAYERS = (
    {"__main__", "service"},
    {"children"},
    {"cli"},
    {"assembly"},
    {"peer"},
    {"retention"},
    {"frontends.console", "frontends.json"},
    {"frontends"},
    {"chatlog"},
    {"logfile"},
    {"debugging", "reactors", "retries"},
    {"speech"},
    {"archive"},
    {"net"},
    {"storage"},
    {"core.seat"},
    {"core.conversation"},
    {"core.answers"},
    {"core.timeline", "core.addressing", "core.commands", "core.voice"},
    {"core.people", "core.status"},
    {"core.events", "core.messages", "core.watching"},
    {"core.replication"},
    {"core.feeds"},
    {"core.wire"},
    {"core.writing"},
    {"core.group"},
    {"core.clock", "core.errors", "core.keys", "core.marks", "core.refusals", "core.throttle"},
)
"""The rooms of the package from the top down: a module's is the longest name here that it begins with."""
EVERYWHERE_BUT_CORE = {"speech.i18n", "speech.catalogue"}
"""Below every room but the core, which has no words for people."""

RARE = {
    "difflib", "prompt_toolkit", "statistics", "tomllib", "zeroconf", "twisted_chat.archive",
    "twisted_chat.cli.subcommands", "twisted_chat.frontends.console.rich", "twisted_chat.storage.repair",
}  # fmt: skip
"""What few peers need, or only later: it is imported where it is used, since every start would pay for it."""

PACKAGES = {"core"}
"""What holds rooms and has no modules of its own but those that are one."""

FRONT_ENDS_USE = {
    "core.conversation", "core.seat", "core.voice", "core.events", "core.messages", "core.watching", "core.answers",
    "core.refusals", "core.status", "core.people.roster", "core.commands", "core.addressing", "core.writing",
    "core.errors", "core.keys", "core.marks", "core.feeds.ids", "speech", "storage.files", "frontends.contract",
    "frontends.commands", "frontends.amending", "frontends.shown", "frontends.session", "frontends.receipt",
    "frontends.blocking", "core.throttle", "__version__",
}  # fmt: skip
"""What a front end may use of this package, and its own room: no network, no database, no replication, and no other front end.
`storage.files` writes a file so that it is whole."""
MAX_ARGUMENTS = 7
"""Of a constructor. Settings and parts are dataclasses, which may have more fields."""

MAX_LINES = 300
"""Of a module: with more there is something in it that is another's business."""
LONG = {"storage.sqlite": 370}
"""Those that have more, and how many they have at most: none may be added, and none may grow."""

CORE_TWISTED = {
    "twisted.internet.defer", "twisted.internet.interfaces", "twisted.internet.task", "twisted.logger.Logger",
    "twisted.python.failure",
}  # fmt: skip
"""What the core may use of Twisted."""
OUTSIDE_WORLD = {
    "asyncio", "builtins.open", "io", "logging", "os", "pathlib", "select", "selectors", "shutil", "signal", "socket",
    "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time",
}  # fmt: skip
"""What the core may not use at all: the reactor's, files', databases' and clocks' modules."""


def sources() -> Iterator[tuple[str, str]]:
    """Yield the dotted name below the package, and the text, of each of its modules."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path.read_text(encoding="utf-8")


def imports(source: str) -> Iterator[str]:
    """Yield what `source` imports, at any depth, each as far as it is written: `from a import b` is `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            yield "builtins.open"


def depth(name: str) -> int | None:
    """How far down a module is, 0 being the top; None if it has no place."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        room = ".".join(parts[:length])
        for number, layer in enumerate(LAYERS):
            if room in layer:
                return number
    return None


def faults(name: str, source: str) -> list[str]:
    """What a module of this name and text does that its room does not allow."""
    part = name.partition(".")[0]
    if name not in ("", *PACKAGES) and depth(name) is None:
        return [f"{name} has no place in LAYERS"]
    found = []
    for target in imports(source):
        if target.startswith("."):
            found.append(f"{name} imports {target}, which is relative")
        elif target.startswith("twisted_chat."):
            found += _upward(name, part, target)
        elif part == "core" and _outside(target):
            found.append(f"{name} uses {target}")
    return found


def _upward(name: str, part: str, target: str) -> list[str]:
    to = target.removeprefix("twisted_chat.")
    if ".".join(to.split(".")[:2]) in EVERYWHERE_BUT_CORE:
        allowed = part != "core"
    elif to.startswith("__version"):
        allowed = True
    else:
        here, there = len(LAYERS) if name in EVERYWHERE_BUT_CORE else depth(name), depth(to)
        allowed = here is not None and there is not None and here <= there
    return [] if allowed else [f"{name} imports {target}, which is not below it"]


def beyond_a_seat(name: str, source: str) -> list[str]:
    """What a front end of this name and text imports that it may not know."""
    own = ".".join(name.split(".")[:2])
    found = []
    for target in imports(source):
        to = target.removeprefix("twisted_chat.")
        if to == target or to.startswith(f"{own}."):
            continue
        names = to.split(".")
        rooms = {".".join(names[:length]) for length in range(1, len(names) + 1)}
        if not rooms & FRONT_ENDS_USE:
            found.append(f"{name} imports {target}, which front ends do not know")
    return found


def many_arguments(name: str, source: str) -> list[str]:
    """The classes whose constructors take more than `MAX_ARGUMENTS`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for each in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                count = len([*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs]) - 1
                if count > MAX_ARGUMENTS:
                    found.append(f"{name}.{node.name} takes {count} arguments")  # type: ignore[attr-defined]
    return found


def too_long(name: str, source: str) -> list[str]:
    """Whether a module has more than `MAX_LINES`, or than it may have."""
    count, most = len(source.splitlines()), LONG.get(name, MAX_LINES)
    return [f"{name} has {count} lines"] if count > most else []


def made_here(source: str, name: str) -> bool:
    """Whether something calls `name`."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return any(isinstance(called, ast.Name) and called.id == name for called in calls)


def _outside(target: str) -> bool:
    names = target.split(".")
    prefixes = {".".join(names[:length]) for length in range(1, len(names) + 1)}
    if names[0] == "twisted":
        return not prefixes & CORE_TWISTED
    return bool(prefixes & OUTSIDE_WORLD)


def circle(modules: Iterable[tuple[str, str]]) -> list[str]:
    """The names of modules that import each other in a circle, if any do; the first is the last too."""
    texts = dict(modules)
    imported: dict[str, set[str]] = {}
    for name, source in texts.items():
        for target in imports(source):
            names = target.removeprefix("twisted_chat.").split(".") if target.startswith("twisted_chat.") else []
            prefixes = (".".join(names[:length]) for length in range(len(names), 0, -1))
            found = next((prefix for prefix in prefixes if prefix in texts), name)
            imported.setdefault(name, set()).update({found} - {name})
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


class LayerTests(SynchronousTestCase):
    """The package keeps its layers."""

    def test_downward(self) -> None:
        """No module imports from a layer above its own, relatively, or, in the core, anything of the outside world."""
        self.assertEqual([fault for name, source in sources() for fault in faults(name, source)], [])

    def test_no_circle(self) -> None:
        """No modules import each other, in whatever room they are."""
        self.assertEqual(circle(sources()), [])

    def test_front_ends(self) -> None:
        """A front end knows seats and words for people, and neither networks and stores nor another front end."""
        rooms = [(name, source) for name, source in sources() if name.startswith("frontends.")]
        self.assertEqual([fault for name, source in rooms for fault in beyond_a_seat(name, source)], [])

    def test_constructors(self) -> None:
        """No constructor takes so many arguments that nobody knows which is which."""
        self.assertEqual([fault for name, source in sources() for fault in many_arguments(name, source)], [])

    def test_lines(self) -> None:
        """No module is longer than what can be read at a stretch; one that was, and is no more, has no exception."""
        texts = dict(sources())
        self.assertEqual([fault for name, source in texts.items() for fault in too_long(name, source)], [])
        self.assertEqual([name for name in LONG if len(texts[name].splitlines()) <= MAX_LINES], [])

    def test_one_assembly(self) -> None:
        """A peer is put together in one place, whoever wants one: the benchmarks and the tests as well."""
        root = Path(__file__).parent.parent
        places = [path for folder in ("twisted_chat", "benchmarks", "tests") for path in (root / folder).rglob("*.py")]
        made = [str(path.relative_to(root)) for path in places if made_here(path.read_text(encoding="utf-8"), "Peer")]
        self.assertEqual(made, [os.path.join("twisted_chat", "assembly.py")])

    def test_importing_does_nothing(self) -> None:
        """Importing any module installs no reactor: which one runs is for whoever starts the program to say."""
        modules = [f"twisted_chat.{name}".rstrip(".") for name, _ in sources()]
        program = f"import {', '.join(modules)}, sys; sys.exit('twisted.internet.reactor' in sys.modules)"
        path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, timeout=60
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_rare(self) -> None:
        """A peer that starts imports nothing that few peers need."""
        program = f"import twisted_chat.__main__, twisted_chat.service, sys; sys.exit(repr({RARE} & {{*sys.modules}}))"
        path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, timeout=60
        )
        self.assertEqual(done.stderr, b"set()\n")


class FaultTests(SynchronousTestCase):
    """The check itself: what it must catch, and what it must let pass."""

    def test_caught(self) -> None:
        """Each way around the layers is a fault."""
        cases = (
            ("core.feeds", "from twisted_chat.net import link"),
            ("core.feeds", "from twisted_chat.speech.i18n import _"),
            ("core.feeds", "from twisted_chat.speech import events"),
            ("core.feeds.batches", "from twisted_chat.core.replication import replica"),
            ("core.feeds", "def f():\n    import socket"),
            ("core.feeds", "from os import path"),
            ("core.feeds", "import os.path"),
            ("core.feeds", "from twisted.internet import reactor"),
            ("core.feeds", "import twisted.internet.protocol"),
            ("core.feeds", "from twisted import internet"),
            ("core.feeds", "if TYPE_CHECKING:\n    from pathlib import Path"),
            ("core.feeds", "x = open('f')"),
            ("storage.memory", "import twisted_chat.net.link"),
            ("net.link", "from twisted_chat.speech.answers import lines"),
            ("speech.events", "from twisted_chat.chatlog import ChatLog"),
            ("frontends.console.plain", "from twisted_chat.cli.options import Options"),
            ("frontends.console.plain", "from . import prompts"),
            ("frontends.console.plain", "from twisted_chat import nonsense"),
            ("speech.i18n", "from twisted_chat.core.writing import text"),
            ("helpers", ""),
        )
        for name, source in cases:
            self.assertEqual(len(faults(name, source)), 1, (name, source))

    def test_circles(self) -> None:
        """A circle is found at any length, and what only looks like one is none."""
        told = [("a", "from twisted_chat.b import x"), ("b.c", ""), ("b", "import twisted_chat.b.c\nimport os.path")]
        self.assertEqual(circle(told), [])
        self.assertEqual(set(circle([*told, ("b.c", "def f():\n    from twisted_chat import a")])), {"a", "b", "b.c"})

    def test_front_end_caught(self) -> None:
        """So is what a front end has no business with; what it is given is none, and what is its own."""
        for target in (
            "net.link",
            "storage.sqlite",
            "core.replication.store",
            "core.feeds.batches",
            "peer",
            "frontends.irc",
            "cli",
        ):
            source = f"from twisted_chat.{target} import X"
            self.assertEqual(len(beyond_a_seat("frontends.console.plain", source)), 1, target)
        for target in ("core.seat", "core.feeds.ids", "speech.events", "frontends.console.ink", "frontends.contract"):
            self.assertEqual(
                beyond_a_seat("frontends.console.plain", f"from twisted_chat.{target} import X"), [], target
            )

    def test_constructor_caught(self) -> None:
        """So is a constructor with an argument too many, however it is to be given."""
        source = "class A:\n    def __init__(self, a, b, c, d, e, f, g{}): ..."
        self.assertEqual(many_arguments("x", source.format("")), [])
        for more in (", h", ", *, h", ", h=1"):
            self.assertEqual(len(many_arguments("x", source.format(more))), 1)
        self.assertEqual(
            [made_here(text, "Peer") for text in ("x = [Peer()]", "x = other.Peer", "Peer")], [True, False, False]
        )

    def test_lines_caught(self) -> None:
        """So is a line too many."""
        self.assertEqual(too_long("x", "\n" * MAX_LINES), [])
        self.assertEqual(len(too_long("x", "\n" * (MAX_LINES + 1))), 1)

    def test_allowed(self) -> None:
        """Downward, sideways, and the parts of Twisted the core may use, are no faults."""
        cases = (
            ("core.feeds", "from twisted_chat.core.writing import text"),
            ("core.feeds", "from twisted.internet.defer import Deferred"),
            ("core.feeds", "from twisted.internet import defer, task"),
            ("core.feeds", "from collections.abc import Iterable"),
            ("net.link", "from twisted_chat.core.wire.frames import encode\nfrom twisted_chat.storage import memory"),
            ("net.link", "from twisted_chat.speech.i18n import _\nfrom twisted.internet.protocol import Protocol"),
            ("service", "from twisted_chat.cli.options import Options"),
            ("cli.options", "from twisted_chat import __version__"),
            ("", ""),
        )
        for name, source in cases:
            self.assertEqual(faults(name, source), [], (name, source))
