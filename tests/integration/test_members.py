"""What a peer knows of others, over restarts: whose a name is, who is verified, who is ignored."""

from __future__ import annotations

from tests.integration.case import PeersTestCase
from tests.integration.processes import PeerProcess
from tests.integration.stores import database
from twisted_chat.core.replication.store import Known
from twisted_chat.storage.database import open_for_reading
from twisted_chat.storage.members import read_members


def members(peer: PeerProcess) -> list[Known]:
    """Return what a peer that runs has on disk of members."""
    with open_for_reading(database(peer.data, peer.name)) as connection:
        return read_members(connection)


class TestMembers(PeersTestCase):
    async def answer(self, peer: PeerProcess, command: str, last: str) -> list[str]:
        """Type a command; return what is shown up to a line that contains `last`."""
        since = len(peer.lines)
        peer.say(command)
        found = await peer.wait_for(last, since)
        return peer.lines[since : peer.lines.index(found, since) + 1]

    async def test_name_that_can_not_be_kept(self) -> None:
        """A name taken with `/nick` that the disk refuses is told, and tried again: who starts under it is the same member."""
        ana, bia = self.peers.start("Ana"), self.peers.start("Bia")
        await self.peers.linked()
        index = bia.data / "names.json"
        index.rename(index.with_suffix(".aside"))
        index.mkdir()
        bia.say("/nick Bea")
        await bia.wait_for("your name Bea can't be kept right now: Is a directory")
        index.rmdir()
        index.with_suffix(".aside").rename(index)
        await bia.wait_for("your name Bea is kept")
        self.assertEqual([line for line in bia.faults() if "O nome Bea não pode ser guardado" not in line], [])
        await self.peers.stop(bia)
        bea = self.peers.start("Bea", bia.port, home="Bia", data="data-Bia")
        await ana.wait_for(" Bea joined")
        self.assertFalse([line for line in ana.lines if "~" in line])
        await self.peers.stop(ana, bea)

    async def test_names_and_marks_stay(self) -> None:
        """After a restart, and though another key comes first under it, a name is still its owner's, who is still verified; who
        was ignored still is. A false name is a loud warning, until the person says whose the key is; that outlives a kill too."""
        ana, bia, caio = (self.peers.start(name) for name in ("Ana", "Bia", "Caio"))
        await self.peers.linked()
        bia.say("hello")
        await ana.wait_for("Bia: hello")
        ana.say("/verify Bia yes", "/ignore Caio")
        await ana.wait_for("Bia is verified")
        await ana.wait_for("/ignore Caio")
        await self.peers.stop(ana, bia)

        false = self.peers.start("Bia", self.peers.ports[3], home="elsewhere", data="another")
        await false.wait_for("Caio joined")
        ana = self.peers.start("Ana")
        warning = await ana.wait_for("IS NOT Bia")
        shown = warning.split()[1]
        self.assertRegex(shown, r"^Bia~[0-9a-f]{4}$")
        self.assertTrue(any("[AVISO]" in line and f"{shown} NÃO É Bia" in line for line in ana.log_lines()))
        false.say("believe me")
        await ana.wait_for(f"{shown}: believe me")
        bia = self.peers.start("Bia", bia.port)
        await ana.wait_for(" Bia joined")
        known = await self.answer(ana, "/who", "Caio")
        self.assertIn(f"   Bia (127.0.0.1:{bia.port}) ✔ verified", known)
        self.assertIn(f"   Caio (127.0.0.1:{caio.port}) 🔇 ignored", known)
        self.assertIn(f"   {shown} (127.0.0.1:{false.port})", known)

        ana.say(f"/verify {shown} yes", "/ignore Caio")
        await ana.wait_for("is shown again")
        await ana.eventually(lambda: not any(known.ignored for known in members(ana)), "on disk")
        await ana.kill()
        ana = self.peers.start("Ana")
        await ana.wait_for(f" Bia joined (127.0.0.1:{false.port}) ✔ verified")
        await self.peers.linked(ana, caio)
        known = await self.answer(ana, "/who", "Caio")
        self.assertIn(f"   Caio (127.0.0.1:{caio.port})", known)
        self.assertEqual(self.peers.faults(), [])
        false.say("sair")
        await self.peers.stop()
