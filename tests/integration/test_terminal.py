"""The rich console, used as a person uses it: in a terminal, by way of tmux."""

from __future__ import annotations

import os
import re
import signal
import sys
import time

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from tests.integration.case import PeersTestCase
from tests.integration.processes import MODULE, ROOT, PeerProcess, eventually
from tests.integration.tmux import Tmux

ECHO = 2.0
"""Seconds that an echo may take on a machine that does much else; what it takes is measured."""
SECONDS = 20.0
"""What a change on the screen may take."""
LINE = "coração, 漢字かな e 👨‍👩‍👧‍👦 família"
DRAWN = "coração, 漢字かな e 👨👩👧👦 família"
"""How `LINE` is drawn while it is typed."""


class TerminalTestCase(PeersTestCase):
    """Ana in a terminal, and others on pipes."""

    def open(self, width: int = 80, *flags: str) -> Tmux:
        """Open the terminal and start Ana in it."""
        self.place = self.peers.directory / "Ana"
        self.place.mkdir(exist_ok=True)
        environment = {
            "PYTHONPATH": str(ROOT), "HOME": str(self.peers.directory), "LANGUAGE": "en", "LC_ALL": "C.UTF-8",
            "SHELL": "/bin/bash", "TERM": "xterm-256color",
        }  # fmt: skip
        self.tmux = Tmux(self.place, {**os.environ, **environment}, width)
        self.addCleanup(self.tmux.end)
        self.start(*flags)
        return self.tmux

    def start(self, *flags: str) -> None:
        """Start Ana in the shell."""
        ports = ",".join(map(str, self.peers.ports))
        port = str(self.peers.ports[-1])
        told = ("--name", "Ana", "--port", port, "--ports", ports, "--data", str(self.place / "data"))
        self.tmux.command(*MODULE, *told, *flags)

    def until(self, condition: object, words: str) -> Deferred[None]:
        """Wait until `condition()`; say `words` and show the screen if it never comes to that."""
        return eventually(self.reactor, condition, lambda: f"{words}\n" + "\n".join(self.tmux.screen()), SECONDS)  # type: ignore[arg-type]

    def see(self, text: str) -> Deferred[None]:
        """Wait until `text` is on the screen."""
        return self.until(lambda: any(text in row for row in self.tmux.screen()), f"waiting for {text!r}")

    def line(self) -> str:
        """The line being typed, its rows joined, without the prompt."""
        rows = self.tmux.screen()
        begin = max((index for index, row in enumerate(rows) if row.startswith("#chat>")), default=None)
        if begin is None or not rows[-1].startswith(("──", "📋")):
            return "?"
        return "".join(rows[begin:-1]).removeprefix("#chat>").strip()

    def typed(self, text: str) -> Deferred[None]:
        """Wait until the line being typed is `text`, the toolbar standing below it."""
        return self.until(lambda: self.line() == text, f"waiting for the line {text!r}")

    async def with_bia(self, width: int = 80) -> PeerProcess:
        """Open the terminal, and link Ana with Bia."""
        self.open(width)
        bia = self.peers.start("Bia")
        await self.see("Bia joined")
        await bia.wait_for("Ana joined")
        return bia

    def sent(self) -> list[str]:
        """What Ana said, by her log."""
        log = self.place / "logs_chat.txt"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [line.partition("] Ana: ")[2] for line in lines if "[MSG ENVIADA]" in line]

    async def assert_restored(self) -> None:
        """Assert that the shell has its terminal back, as it was."""
        await self.until(lambda: self.tmux.screen()[-1].startswith("ready$"), "waiting for the shell")
        self.tmux.press("C-u")
        self.tmux.command("stty", "-a")
        await self.see("isig icanon")
        modes = "\n".join(self.tmux.screen())
        for mode in (" icrnl", " ixon", "isig", "icanon", " echo ", "iexten", "opost"):
            self.assertNotIn(f"-{mode.strip()} ", modes)
            self.assertIn(mode.strip(), modes)


NASTY = (
    "\u3164", "\uffa0", "\u115f", "\u1160", "\u2800", "\u3000", "\u00a0", "\u2003", "\u200b", "\u200d", "\u034f",
    "\u00ad", "\ufe0f", "\U000e0100", "\u0301", "\u20dd", "\u0903", "\u302e", "\u3099", "\u17b4", "\u180e", "…", "—", "│",
    "①", "é", "я", "☀", "☀\ufe0f", "1\ufe0f\u20e3", "👩", "👩\u200d", "🏽", "🇧", "漢", "ﷺ", "꧅", "𒈙", "\u0378",
    "\U0001fadf", "\ue000", "\U000f0000", "\U000e0041", "क्", "ᄀ", "ᅡ", "שׁ", " ", "https://a.b/",
)  # fmt: skip
"""What terminals draw as nothing, as more than is counted, or in several ways; and what is not broken."""
FORGED = "[12:00:00] Caio: I owe Eve"


class TestForging(TerminalTestCase):
    """Nobody has the terminal break a row where it then begins like somebody else's message."""

    async def rows(self, width: int, *flags: str) -> list[str]:
        """Have Bia say what would be broken before `FORGED` if it were counted narrower than it is drawn; return the rows."""
        self.open(width, *flags)
        bia = self.peers.start("Bia")
        await self.see("Bia joined")
        await bia.wait_for("Ana joined")
        first = width - len("[12:00:00] Bia: ")
        for nasty in NASTY:
            bia.say(*(f"{nasty * count}{FORGED}" for count in {first // 2, first - 1, first, first + width, width}))
        bia.say("that was all")
        await self.see("that was all")
        return self.tmux.rows()

    def check(self, rows: list[str]) -> None:
        self.assertGreater(sum("I owe Eve" in row or "owe" in row for row in rows), len(NASTY))
        for row in rows:
            self.assertNotRegex(row, r"^ ? ? ?\[[0-9:]+\](?! Bia:)")
            self.assertNotRegex(row, "^(Caio|I owe)")

    async def test_rich(self) -> None:
        """On the rich console, at 40 columns."""
        self.check(await self.rows(40))

    async def test_rich_wide(self) -> None:
        """On the rich console, at 80 columns."""
        self.check(await self.rows(80))

    async def test_plain(self) -> None:
        """On the plain console."""
        self.check(await self.rows(40, "--console", "plain"))


class TestTyping(TerminalTestCase):
    """The line being typed is the typist's."""

    async def half_a_line(self, width: int) -> None:
        bia = await self.with_bia(width)
        half, rest = LINE[:13], LINE[13:] + " até o fim desta linha, que é mais longa do que quarenta colunas"
        drawn = DRAWN + rest[len(LINE) - 13 :]
        self.tmux.type(half)
        await self.typed(half)
        said = [f"número {number} 漢字 é" for number in range(50)]
        bia.say(*said)
        await self.see("Bia: número 49")
        await self.typed(half)
        self.tmux.type(rest)
        await self.until(lambda: self.line().replace(" ", "") == drawn.replace(" ", ""), "waiting for the whole line")
        self.tmux.press("Enter")
        await bia.wait_for("Ana: " + half + rest)
        self.assertEqual(self.sent(), [half + rest])
        await self.see("✓ 1/1")
        await self.typed("")
        shown = [line.partition("] ")[2] for line in self.tmux.everything() if "] Bia: " in line]
        self.assertEqual(shown, [f"Bia: {text}" for text in said])
        self.assertEqual(sum(row.startswith("──") for row in self.tmux.everything()), 1)

    async def test_narrow(self) -> None:
        """At 40 columns half a line is typed, 50 messages arrive, the line is finished: it is sent whole, with accents, wide
        characters and a family in it, and nothing is left of it on the screen but itself."""
        await self.half_a_line(40)

    async def test_usual(self) -> None:
        """The same at 80 columns."""
        await self.half_a_line(80)

    async def test_wide(self) -> None:
        """The same at 200 columns."""
        await self.half_a_line(200)

    async def test_resized(self) -> None:
        """A window resized amid a line redraws it, and leaves nothing behind."""
        await self.with_bia(80)
        text = "uma linha longa, que passa dos quarenta caracteres, 漢字漢字 e mais um pouco, até passar dos oitenta"
        self.tmux.type(text)
        await self.until(lambda: self.line().replace(" ", "") == text.replace(" ", ""), "the line")
        for width in (40, 200, 60, 80):
            self.tmux.resize(width)
            await self.until(
                lambda: (
                    self.line().replace(" ", "") == text.replace(" ", "")
                    and sum("── Ana" in row for row in self.tmux.everything()) == 1
                    and sum("#chat>" in row for row in self.tmux.everything()) == 1
                ),
                f"redrawn at {width}",
            )
        self.tmux.press("Enter")
        await self.until(lambda: self.sent() == [text], "sent whole")

    async def test_pasted(self) -> None:
        """200 lines pasted are asked about, can be taken back, and are sent as one message."""
        bia = await self.with_bia()
        lines = [f"linha {number:03}" for number in range(200)]
        self.tmux.type("antes ")
        await self.typed("antes")
        self.tmux.paste("\n".join(lines) + "\n")
        await self.see("200 lines pasted")
        self.tmux.press("Escape")
        await self.typed("antes")
        self.tmux.press("C-c")
        await self.typed("")
        self.tmux.paste("\n".join(lines))
        await self.see("200 lines pasted")
        self.tmux.press("Enter")
        await bia.wait_for("\\n".join(lines[:10]))
        self.assertEqual(self.sent(), ["\\n".join(lines)])
        await self.see("✓ 1/1")
        shown = [row for row in self.tmux.everything() if "linha " in row]
        self.assertEqual(len(shown), 200)
        self.assertTrue(all(row.startswith("  │ linha") for row in shown[1:]))

    async def test_completed(self) -> None:
        """Tab completes a name that is here, and a command."""
        await self.with_bia()
        self.tmux.type("bi")
        self.tmux.press("Tab")
        await self.typed("Bia:")
        self.tmux.press("C-c")
        self.tmux.type("/he")
        self.tmux.press("Tab")
        await self.typed("/help")

    async def test_names_of_several_words(self) -> None:
        """Tab completes a name of several words so that what follows goes to that member alone; without it, to nobody."""
        bia = await self.with_bia()
        lima = self.peers.start("Bia de Souza Lima")
        await self.see("Bia de Souza Lima joined")
        await lima.wait_for("Ana joined")
        for begun, name in (("bia de s", "Bia de Souza Lima"), ("bia de souza l", "Bia de Souza Lima")):
            self.tmux.type(f"olá {begun}")
            self.tmux.press("Tab")
            await self.typed(f"olá {name}")
            self.tmux.press("C-c")
            self.tmux.type(f"/msg {begun}")
            self.tmux.press("Tab")
            await self.typed(f'/msg "{name}"')
            self.tmux.press("C-c")
            await self.typed("")
        self.tmux.type("/msg Bia de Souza Lima a senha")
        self.tmux.press("Enter")
        await self.see("that fits several names")
        await self.typed("/msg Bia de Souza Lima a senha")
        self.tmux.press("C-c")
        await self.typed("")
        self.tmux.type(" /msg bia de")
        self.tmux.press("Tab")
        self.tmux.type("só para ti")
        self.tmux.press("Enter")
        await lima.wait_for("🔒 Ana: só para ti")
        self.tmux.type('/msg "Bia" e para ti')
        self.tmux.press("Enter")
        await bia.wait_for("🔒 Ana: e para ti")
        self.assertFalse([line for line in bia.lines if "só para ti" in line])
        self.assertFalse([line for line in (*self.sent(), *bia.lines, *lima.lines) if "senha" in line])

    async def test_key_pasted(self) -> None:
        """A key is verified with what is copied from a screen of 40 columns: several rows, set in, with the name before it."""
        await self.with_bia(40)
        self.tmux.type("/verify Bia")
        self.tmux.press("Enter")
        await self.see("compare both by telephone")
        rows = self.tmux.screen()
        first = max(index for index, row in enumerate(rows) if row.startswith("🔑 Bia: "))
        self.assertTrue(rows[first + 1].startswith("    "), rows)
        self.tmux.type("/verify Bia ")
        self.tmux.paste("\n".join(rows[first : first + 2]))
        await self.see("lines pasted")
        self.tmux.press("Enter")
        await self.see("✔ Bia is verified")

    async def test_recalled(self) -> None:
        """What was typed before a restart is called back with the arrow key; its file is for the owner's eyes."""
        await self.with_bia()
        self.tmux.type("lembra disto")
        self.tmux.press("Enter")
        await self.until(lambda: self.sent() == ["lembra disto"], "said")
        self.tmux.type("sair")
        self.tmux.press("Enter")
        await self.assert_restored()
        self.tmux.command("clear")
        self.start()
        await self.see("── Ana")
        self.tmux.press("Up", "Up")
        await self.typed("lembra disto")
        (file,) = (self.place / "data").rglob("typed")
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    async def test_flood(self) -> None:
        """5,000 messages in one second don't keep the typist waiting, and all are in the scrollback."""
        bia = await self.with_bia()
        texts = [f"mensagem {number} com algum texto" for number in range(5_000)]
        text, waits = "", []
        started = time.monotonic()
        for begin in range(0, len(texts), 100):
            bia.say(*texts[begin : begin + 100])
            text += chr(ord("a") + len(text) % 26)
            began = time.monotonic()
            self.tmux.type(text[-1])
            while self.line() != text:
                self.assertLess(time.monotonic() - began, ECHO, self.tmux.screen())
                await deferLater(self.reactor, 0)
            waits.append(time.monotonic() - began)
        await self.see("Bia: mensagem 4999")
        self.measured("5,000 messages said and shown", time.monotonic() - started, "s")
        waits.sort()
        self.measured(f"median of {len(waits)} echoes", waits[len(waits) // 2] * 1000, "ms")
        self.measured("slowest echo", waits[-1] * 1000, "ms")
        await self.typed(text)
        shown = [line.partition("] Bia: ")[2] for line in self.tmux.everything() if "] Bia: " in line]
        self.assertEqual(shown, texts)


class TestLeaving(TerminalTestCase):
    """However the peer ends or stops, the shell finds its terminal as it was."""

    async def test_goodbye(self) -> None:
        """`sair` says goodbye, and where the log is."""
        await self.with_bia()
        self.tmux.type("sair")
        self.tmux.press("Enter")
        await self.assert_restored()
        self.assertIn("Goodbye, 👤 Ana", "\n".join(self.tmux.everything()))
        self.assertFalse([row for row in self.tmux.everything() if row.startswith(("──", "#chat>"))])

    async def test_keys(self) -> None:
        """Ctrl-C clears the line, then says how to leave, then leaves."""
        await self.with_bia()
        self.tmux.type("nada disto")
        await self.typed("nada disto")
        self.tmux.press("C-c")
        await self.typed("")
        self.tmux.press("C-c")
        await self.see("Ctrl-C again")
        self.tmux.press("C-c")
        await self.assert_restored()
        self.assertEqual(self.sent(), [])

    async def test_end_of_input(self) -> None:
        """Ctrl-D on an empty line leaves."""
        await self.with_bia()
        self.tmux.press("C-d")
        await self.assert_restored()

    async def killed(self, which: int) -> None:
        await self.with_bia()
        self.tmux.type("metade")
        await self.typed("metade")
        os.kill(self.tmux.pid(), which)
        await self.assert_restored()

    async def test_terminated(self) -> None:
        """SIGTERM ends it properly."""
        await self.killed(signal.SIGTERM)

    async def test_interrupted(self) -> None:
        """So does SIGINT from elsewhere."""
        await self.killed(signal.SIGINT)

    async def test_closed(self) -> None:
        """A terminal that is closed is a goodbye to the others, and no mistake."""
        bia = await self.with_bia()
        self.tmux.end()
        await bia.wait_for("Ana left")
        log = self.place / "logs_chat.txt"
        await self.until(lambda: "[INF SAIDA] Ana" in log.read_text(), "Ana's end")
        self.assertNotIn("[ERRO]", log.read_text())

    async def test_killed_amid_paste(self) -> None:
        """SIGTERM amid a paste: nothing of it becomes a command of the shell."""
        await self.with_bia()
        marker = self.place / "ran"
        self.tmux.type("\x1b[200~" + "".join(f"touch {marker}\n" for _ in range(50)))
        os.kill(self.tmux.pid(), signal.SIGTERM)
        await self.assert_restored()
        self.assertFalse(marker.exists())

    async def test_crashed(self) -> None:
        """If the program itself fails, the terminal is restored."""
        self.open()
        await self.see("── Ana")
        self.tmux.press("C-d")
        await self.assert_restored()
        program = (
            "import os\nfrom twisted_chat.frontends.console.terminal import Terminal\n"
            "Terminal().make_raw()\nraise MemoryError\n"
        )
        (self.place / "crash.py").write_text(program)
        self.tmux.command("clear")
        self.tmux.command(sys.executable, "crash.py")
        await self.see("MemoryError")
        await self.assert_restored()

    async def test_suspended(self) -> None:
        """Ctrl-Z gives the terminal back, what arrives meanwhile waits, and `fg` goes on amid the line."""
        bia = await self.with_bia()
        self.tmux.type("metade")
        await self.typed("metade")
        self.tmux.press("C-z")
        await self.see("Stopped")
        await self.assert_restored()
        bia.say("enquanto isso")
        self.tmux.command("fg")
        await self.see("Bia: enquanto isso")
        await self.typed("metade")
        self.tmux.type(" e fim")
        self.tmux.press("Enter")
        await bia.wait_for("Ana: metade e fim")

    async def test_continued(self) -> None:
        """Whoever was stopped without being asked, as by SIGSTOP, and goes on, has its line there once."""
        await self.with_bia()
        self.tmux.type("metade")
        await self.typed("metade")
        for _ in range(2):
            os.kill(self.tmux.pid(), signal.SIGCONT)
        self.tmux.type(" e fim")
        await self.typed("metade e fim")
        self.assertEqual(len(re.findall("#chat>", "\n".join(self.tmux.everything()))), 1)

    async def test_in_background(self) -> None:
        """With `bg` the peer stays in the chat without the terminal, and takes it again with `fg`."""
        bia = await self.with_bia()
        self.tmux.press("C-z")
        await self.see("Stopped")
        self.tmux.command("bg")
        bia.say("alguém aí?")
        await self.until(lambda: "[MSG RECEBIDA] Bia: alguém" in (self.place / "logs_chat.txt").read_text(), "logged")
        await self.assert_restored()
        self.assertFalse(re.search("alguém", "\n".join(self.tmux.everything())))
        self.tmux.command("fg")
        await self.see("Bia: alguém aí?")
        await self.typed("")
