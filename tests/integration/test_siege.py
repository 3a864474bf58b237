"""A short siege, and that the judge of it sees what is wrong."""

from __future__ import annotations

import ast
import io
import os
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.integration import judge
from tests.integration.judge import Archive, Screen, look, open_archive
from tests.integration.siege import besiege
from tests.kit.feeding import GROUP, Author
from twisted_chat.archive.writing import write
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.keys import Identity

KILLS = 15
"""How many there are here; `python -m tests.integration.siege` does 1,000."""


class TestSiege(TestCase):
    timeout = 300
    reactor: Any

    async def test_siege(self) -> None:
        """While peers are killed and suspended, and their disks fill up, nothing that had its ✓ is lost; nothing is shown
        twice, out of order, or by another than who typed it; and all hold the same in the end."""
        from twisted.internet import reactor

        report = await besiege(reactor, Path(self.mktemp()).absolute(), KILLS, int(os.environ.get("TCPCHAT_SEED", "1")))
        self.assertEqual(report.faults, [], str(report))
        self.assertGreater(report.acknowledged, KILLS)


def exported(batches: list[Batch]) -> bytes:
    """What Eva exports of them."""
    file = io.BytesIO()
    write(file, GROUP, Identity(b"e" * 32), "Eva", 1_700_000_000_123, batches, [])
    return file.getvalue()


class JudgeTests(SynchronousTestCase):
    """Ana says five things, in two batches."""

    def setUp(self) -> None:
        """Find out what she says."""
        self.batches = Author(1).batches((1, 2), (3, 5))
        self.content = exported(self.batches)
        self.texts = [text for _, text in open_archive(self.content).messages]

    def judged(self, content: bytes | None = None, typed: list[str] | None = None, *screens: Screen) -> list[str]:
        """Return what is wrong with an archive beside a good one, and with what was shown."""
        archives = {"Ana": open_archive(self.content), "Bia": open_archive(content or self.content)}
        return judge.judge({"Ana": self.texts if typed is None else typed}, screens, archives)

    def test_good(self) -> None:
        """What is right has no faults."""
        ana = Screen("Ana", self.texts, 5)
        self.assertEqual(self.judged(None, None, ana, Screen("Bia", heard=[("Ana", text) for text in self.texts])), [])

    def test_forged(self) -> None:
        """A changed text is not what was signed, nor is the archive."""
        text = self.texts[0].encode()
        faults = "\n".join(self.judged(self.content.replace(text, text[:-1] + b"!", 1)))
        self.assertIn("is not signed by its author", faults)
        self.assertIn("the end is not signed", faults)

    def test_gap(self) -> None:
        """A missing batch is a gap, and makes the two different."""
        faults = "\n".join(self.judged(exported(self.batches[1:])))
        self.assertIn("record 3 where 1 should be", faults)
        self.assertIn("do not hold the same", faults)

    def test_unchained(self) -> None:
        """A batch that does not follow the one before it is told."""
        other = Author(1, late=7).batches((1, 2), (3, 5))
        self.assertIn("does not follow", "\n".join(self.judged(exported([self.batches[0], other[1]]))))

    def test_lost(self) -> None:
        """What had a ✓ and is not held is told; what had none may be missing."""
        ana = Screen("Ana", [*self.texts, "six", "seven"], 6)
        faults = self.judged(None, [*self.texts, "six", "seven"], ana)
        self.assertEqual(faults, [f"{name} lacks what Ana was told is kept: six" for name in ("Ana", "Bia")])

    def test_from_nowhere(self) -> None:
        """What nobody typed is told, held or shown."""
        self.assertIn("Bia holds what nobody typed", "\n".join(self.judged(None, self.texts[:-1])))
        shown = Screen("Bia", heard=[("Ana", "send me money")])
        self.assertIn("out of order, or from nowhere", "\n".join(self.judged(None, None, shown)))

    def test_twice(self) -> None:
        """What is shown twice is told, and what is out of order."""
        first, second, *_ = self.texts
        self.assertTrue(self.judged(None, None, Screen("Bia", heard=[("Ana", first), ("Ana", first)])))
        self.assertTrue(self.judged(None, None, Screen("Bia", heard=[("Ana", second), ("Ana", first)])))

    def test_look(self) -> None:
        """A screen is read as a person does: a ✓ is for all above it, and what was said in former times is not live."""
        screen = look(
            "Ana",
            [
                "(You) 💬: a",
                "— earlier —",
                "[11:00:00] Bia: old",
                "—",
                "✓ 1/1",
                "[12:00:00, late] Bia: b: c",
                "(You) 💬: d",
            ],
        )
        self.assertEqual(screen, Screen("Ana", ["a", "d"], 1, [("Bia", "b: c")]))
        self.assertEqual(screen.acknowledged, ["a"])

    def test_shares_nothing(self) -> None:
        """The judge imports nothing of the program."""
        tree = ast.parse(Path(judge.__file__).read_text(encoding="utf-8"))
        imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        self.assertFalse([name for name in imported if name.startswith(("twisted_chat", "tests"))])
        self.assertEqual(open_archive(self.content).faults, Archive().faults)
