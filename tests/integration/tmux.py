"""A terminal for tests: a tmux server of its own, whose only window is typed into and looked at."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from twisted.trial.unittest import SkipTest

SECONDS = 30
"""What one tmux command may take."""


class Tmux:
    """A window with a shell in it. `end` ends everything that runs there."""

    def __init__(self, place: Path, environment: Mapping[str, str], width: int, height: int = 24) -> None:
        """Start a shell in the directory `place`. Skips the test where there is no tmux."""
        if shutil.which("tmux") is None:
            raise SkipTest("tmux, which these tests type into, is not installed")
        self._sockets = tempfile.mkdtemp(
            prefix="tmux"
        )  # below trial's directory its name would be too long for a socket
        self._environment = {
            **{key: value for key, value in environment.items() if not key.startswith("TMUX")},
            "TMUX_TMPDIR": self._sockets,
        }
        settings = place / "tmux.conf"
        settings.write_text("set -g history-limit 100000\nset -g default-terminal screen-256color\nset -g status off\n")
        (place / "rc").write_text("PS1='ready$ '\n")
        self._run(
            "-f", str(settings), "-u", "new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(place),
            "bash --rcfile rc",
        )  # fmt: skip

    def type(self, text: str) -> None:
        """Type `text` as it is."""
        self._run("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names: `Enter`, `C-c`."""
        self._run("send-keys", *keys)

    def command(self, *words: str) -> None:
        """Have the shell run a command."""
        self.type(shlex.join(words))
        self.press("Enter")

    def paste(self, text: str) -> None:
        """Paste `text` as a terminal does: marked as a paste, if that was asked for."""
        self._run("load-buffer", "-", input=text)
        self._run("paste-buffer", "-p")

    def resize(self, width: int, height: int = 24) -> None:
        """Give the window another size."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def screen(self) -> list[str]:
        """Return the rows that are seen, without blank ones at the end."""
        return self._run("capture-pane", "-p").rstrip("\n").split("\n")

    def coloured(self) -> list[str]:
        """Return the rows that are seen, with the sequences that colour them."""
        return self._run("capture-pane", "-p", "-e").rstrip("\n").split("\n")

    def rows(self) -> list[str]:
        """Return all rows since the start, as they are drawn."""
        return self._run("capture-pane", "-p", "-S", "-").rstrip("\n").split("\n")

    def everything(self) -> list[str]:
        """Return all lines since the start, those that were wrapped joined."""
        return self._run("capture-pane", "-p", "-J", "-S", "-").rstrip("\n").split("\n")

    def pid(self) -> int:
        """Return the number of the process that runs in the shell."""
        shell = self._run("display", "-p", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children")
        if not children.exists():
            raise SkipTest("children are found in /proc, which this system does not have")
        return int(children.read_text().split()[-1])

    def modes(self) -> str:
        """Return the terminal's modes as `stty` names them."""
        tty = self._run("display", "-p", "#{pane_tty}").strip()
        return subprocess.run(["stty", "-a", "-F", tty], capture_output=True, text=True, timeout=SECONDS).stdout

    def end(self) -> None:
        """Kill what runs here."""
        self._run("kill-server")
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _run(self, *words: str, input: str | None = None) -> str:
        done = subprocess.run(
            ["tmux", *words], env={**os.environ, **self._environment}, input=input,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace", timeout=SECONDS,
        )  # fmt: skip
        return done.stdout
