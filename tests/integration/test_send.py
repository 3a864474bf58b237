"""`tcpchat send`, as scripts call it."""

from __future__ import annotations

import os
import signal

from tests.integration.case import PeersTestCase
from tests.integration.processes import PeerProcess


class TestSend(PeersTestCase):
    """One-shot messages: their exit status is what scripts go by."""

    def send(self, *arguments: str, text: bytes | None = None, home: str = "bot", name: str = "bot") -> PeerProcess:
        """Start `tcpchat send`, with `text` on its standard input if it is given."""
        ports = ",".join(map(str, self.peers.ports))
        known = self.peers.running.get(name)
        data = f"data-{name}"
        options = ("send", "--name", name, "--ports", ports, "--data", data, *arguments)
        sending = self.peers.run(name, 0, options, home=home, data=data)
        if known is not None:
            self.peers.running[name] = known
        if text is not None:
            sending.type(text)
        sending.close_input()
        return sending

    async def ended(self, sending: PeerProcess, status: int) -> str:
        """Wait for the end, assert the status and that nothing was shown; return what was said on standard error."""
        self.assertEqual(await sending.when_ended(), status, sending.errors)
        self.assertEqual(sending.lines, [])
        said, sending.errors = sending.errors, ""
        self.assertNotIn("Traceback", said)
        return said
