"""What `/doctor` tells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.status import AddressStatus, Diagnosis, Finding, Found
from twisted_chat.speech.advice import LITTLE, advice

LOG = "/some/logs_chat.txt"


def at(finding: Finding, detail: str = "", member: str = "") -> str:
    """Return the line for an address where this was found."""
    return advice(Diagnosis(addresses=[AddressStatus("127.0.0.1", 5003, Found(finding, detail), member)]), LOG)[1]


class AdviceTests(SynchronousTestCase):
    """Everything that may be wrong has its words."""

    def test_every_finding(self) -> None:
        """Every finding is told, with the address, and each differently."""
        lines = {at(finding, "x") for finding in Finding}
        self.assertEqual(len(lines), len(Finding))
        for line in lines:
            self.assertIn("127.0.0.1:5003", line)

    def test_names_and_details(self) -> None:
        """Whom an address leads to, or led to, and what another program said, is told."""
        self.assertIn("linked with Bia", at(Finding.LINKED, member="Bia"))
        self.assertIn("free", at(Finding.FREE, member="Caio"))
        self.assertIn("(Caio was there before)", at(Finding.FREE, member="Caio"))
        self.assertIn("220 mail", at(Finding.FOREIGN, "220 mail"))
        self.assertIn("hangs up", at(Finding.FOREIGN))

    def test_clocks(self) -> None:
        """Clocks that are off are told with how that is known; without any nothing is said of clocks."""
        lines = advice(Diagnosis(clocks={"Ana": 5.1 * 31_557_600, "Bia": -61}, clock=-200), LOG)
        self.assertIn("🕰 Ana's clock seems to be 5 years ahead of ours", lines)
        self.assertIn("🕰 Bia's clock seems to be 1 minute behind ours", lines)
        self.assertIn("🕰 this machine's clock seems to be 3 minutes behind most others': set it right", lines)
        self.assertTrue([line for line in lines if "guessed" in line])
        self.assertNotIn("clock", "\n".join(advice(Diagnosis(), LOG)))

    def test_disk(self) -> None:
        """Where messages are kept and how much room is left; that little is left; that nothing is kept; what waits and why."""
        self.assertIn("💾 messages are kept in /d, 2,000 MiB free", advice(Diagnosis(data="/d", free=2000 << 20), LOG))
        self.assertIn("make room", "\n".join(advice(Diagnosis(data="/d", free=LITTLE - 1), LOG)))
        self.assertIn("can't be told", "\n".join(advice(Diagnosis(data="/d"), LOG)))
        self.assertIn("ephemeral", "\n".join(advice(Diagnosis(), LOG)))
        waiting = "\n".join(advice(Diagnosis(unsaved=12345, trouble="No space left on device"), LOG))
        self.assertIn("12,345 bytes", waiting)
        self.assertIn("No space left on device", waiting)

    def test_listening(self) -> None:
        """Where this peer listens, that only this machine can reach it if so, and where the log is."""
        lines = advice(Diagnosis(("127.0.0.1", 5001)), LOG)
        self.assertIn("127.0.0.1:5001, which only programs on this machine can reach", lines[0])
        self.assertNotIn("only", advice(Diagnosis(("0.0.0.0", 5001)), LOG)[0])
        self.assertIn("takes no calls", advice(Diagnosis(), LOG)[0])
        self.assertIn(LOG, lines[-1])

    @given(st.sampled_from(Finding), st.text(max_size=20))
    def test_nothing_hostile_is_shown(self, finding: Finding, text: str) -> None:
        """Whatever another program said, or a member is called, each line is one line without controls."""
        status = AddressStatus("::1", 1, Found(finding, text), text)
        for line in advice(Diagnosis(addresses=[status], clocks={text: 60}, data=text, trouble=text), text):
            self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")
