"""What a console tells by itself."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.speech import notices


class NoticeTests(SynchronousTestCase):
    """What a console tells by itself."""

    def test_not_shown(self) -> None:
        """Large counts are readable."""
        self.assertEqual(notices.not_shown(3120), "… 3,120 lines not shown, see the log")
