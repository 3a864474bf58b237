"""What people are told of what is refused."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from twisted_chat.core.errors import BadText
from twisted_chat.speech import refusals
from twisted_chat.speech.refusals import wrong

SOURCE = "\n".join(path.read_text("utf-8") for path in Path(twisted_chat.__file__).parent.rglob("*.py"))


class RefusalTests(SynchronousTestCase):
    """What is wrong is said, and what would be right."""

    def test_every_code_has_words(self) -> None:
        """Every `BadText` raised in the package has its sentence, and no sentence is for nothing."""
        codes = set(re.findall(r'BadText\("([a-z-]+)"[,)]', SOURCE))
        self.assertEqual(codes, set(refusals._WRONG))
        for code in codes:
            self.assertNotIn("{", wrong(BadText(code)))

    def test_limits_are_named(self) -> None:
        """A refusal for size names the size."""
        self.assertIn("32", wrong(BadText("name-long")))
        self.assertIn("8,192", wrong(BadText("text-long")))
