"""What is private in Twisted, the standard library and other packages stays theirs: the next version may not have it."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache

from twisted.trial.unittest import SynchronousTestCase

from tests.test_layers import sources

ALLOWED = {
    (
        "frontends.console.screen",
        "_redraw",
    ): "prompt_toolkit has no other way to hold back the redraws of an application",
    ("frontends.console.screen", "_on_resize"): "nor to hear that the terminal has another size",
    ("service", "_exit"): "documented, in spite of its name",
    ("calling.wiring", "_makeTransport"): "Twisted's connector is made for this to be written by whoever extends it",
}
"""By module and name, why there is no public way."""


def is_private(name: str) -> bool:
    """Whether a name begins with one underscore."""
    return name.startswith("_") and not name.startswith("__") and name != "_"


def of_self(tree: ast.AST) -> set[str]:
    """Return the private attributes of `self` and `super()` that are used anywhere in some code."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            value = node.value.func if isinstance(node.value, ast.Call) else node.value
            if isinstance(value, ast.Name) and value.id in ("self", "super", "cls"):
                found.add(node.attr)
    return found


@cache
def of_class(base: type) -> frozenset[str]:
    """Return the private attributes that a class has, or sets in its methods."""
    try:
        used = of_self(ast.parse(inspect.cleandoc("if 1:\n" + inspect.getsource(base))))
    except (OSError, TypeError, SyntaxError):  # it is written in C, or not at all
        used = set()
    return frozenset(used | {name for name in vars(base) if is_private(name)})


def strange(name: str, source: str, module: object) -> Iterator[str]:
    """Yield what a module of this package, of this name and text, uses that is private to others."""
    tree = ast.parse(source)
    foreign = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            foreign |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("twisted_chat"):
            foreign |= {alias.asname or alias.name for alias in node.names}
            yield from (alias.name for alias in node.names if is_private(alias.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if isinstance(node.value, ast.Name) and node.value.id in foreign:
                yield node.attr
        elif isinstance(node, ast.ClassDef):
            defined = {each.name for each in node.body if isinstance(each, ast.FunctionDef) and is_private(each.name)}
            cls = getattr(module, node.name, None)
            for base in getattr(cls, "__mro__", ())[1:]:
                if not base.__module__.startswith(("twisted_chat", "builtins", "typing", "enum")):
                    yield from sorted((of_self(node) | defined) & of_class(base))


class PrivateTests(SynchronousTestCase):
    """Every module."""

    def test_nothing_private(self) -> None:
        """No module uses what is private to another package, but where there is no public way, which is said here."""
        found = {
            (name, used)
            for name, source in sources()
            for used in strange(name, source, importlib.import_module(f"twisted_chat.{name}".rstrip(".")))
        }
        self.assertEqual(found, set(ALLOWED))

    def test_caught(self) -> None:
        """What is inherited is found, and what is imported."""
        from twisted.internet import protocol

        class Module:
            class Factory(protocol.ReconnectingClientFactory):
                pass

        for source in (
            "class Factory(ReconnectingClientFactory):\n def f(self):\n  self._callID = None",
            "from twisted.internet.base import _ThreadPoolTwister",
            "import os\nos._nothing()",
        ):
            self.assertEqual(len(list(strange("x", source, Module))), 1, source)
        for source in (
            "class Factory(ReconnectingClientFactory):\n def f(self):\n  self._mine = None",
            "from twisted_chat.net.mesh import _log",
            "import os\nos.nothing()",
        ):
            self.assertEqual(list(strange("x", source, Module)), [], source)
