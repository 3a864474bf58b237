"""Record the first minute of a chat, as a moving picture for the READMEs: `python -m docs.images.record`.

Ana and Bia are real peers, in two terminals of tmux that are typed into. Nothing of what they show is made up; only long
waits are shortened. The ports 5000 to 5004 must be free. As root, on Linux, a network of its own keeps everybody else out of
the picture:

    unshare -n sh -c 'ip link set lo up && .venv/bin/python -m docs.images.record'
"""

from __future__ import annotations

import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from wcwidth import wcwidth

from tests.integration.tmux import Tmux

COLUMNS, ROWS = 78, 13
PORTS = range(5000, 5005)
KEY_SECONDS, LOOK_SECONDS, PATIENCE = 0.07, 0.05, 30.0
LONGEST_WAIT = 0.4
"""Seconds that a wait takes in the picture at most, however long the machine took."""
END_SECONDS = 6.0
"""How long the last screen stays before it begins anew."""
SIZE = 200_000
"""Bytes that a picture may have."""

WIDTH, HEIGHT, FONT = 8.4, 18, 14
MARGIN, TITLE = 12, 26
INK, PAPER, FRAME = "#d8dee9", "#1e2430", "#3b4252"
BASIC = (
    "#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
    "#7f8899", "#ff7b86", "#b3e08f", "#ffd68a", "#7cc4ff", "#e29bf0", "#74d7e0", "#ffffff",
)  # fmt: skip
_SGR = re.compile(r"\x1b\[([\d;]*)m")


class Style(NamedTuple):
    """How a character is drawn."""

    ink: str = INK
    paper: str = ""
    bold: bool = False
    reverse: bool = False


class Words(NamedTuple):
    """What is typed in a language, and what is waited for."""

    name: str
    port: str
    joined: str
    greeting: str
    answer: str
    secret: str
    who: str
    here: str
    act: str
    left: str


SPOKEN = {
    "en": Words(
        "Your name:", "Your port [", "joined (", "hi Ana 👋", "hello Bia!", "only you can read this", "/who", "reachable",
        "/me waves", "left",
    ),
    "pt_BR": Words(
        "Seu nome:", "Sua porta [", "Conectado com sucesso", "oi Ana 👋", "olá Bia!", "só você lê isto", "/quem", "conectad",
        "/me acena", "saiu",
    ),
}  # fmt: skip


class Recording:
    """What two terminals showed: for each, the rows of its screen at every moment it changed."""

    def __init__(self, terminals: Sequence[Tmux]) -> None:
        self.terminals = terminals
        self.now = 0.0
        self.screens: list[list[tuple[float, list[str]]]] = [[] for _ in terminals]

    def look(self) -> bool:
        """Take what has changed; return whether anything has."""
        changed = False
        for terminal, screens in zip(self.terminals, self.screens, strict=True):
            rows = terminal.coloured()[:ROWS]
            if not screens or screens[-1][1] != rows:
                screens.append((self.now, rows))
                changed = True
        return changed

    def type(self, terminal: Tmux, text: str) -> None:
        """Type a line, key by key."""
        for key in text:
            terminal.type(key)
            self._until_changed()
            self.now += KEY_SECONDS
        self.rest(0.3)
        terminal.press("Enter")
        self._until_changed()

    def see(self, terminal: Tmux, text: str) -> None:
        """Wait until `text` is on the screen. Ends the program if it does not come."""
        end = time.monotonic() + PATIENCE
        since = 0.0
        while not any(text in row for row in terminal.screen()):
            if time.monotonic() > end:
                sys.exit(f"{text!r} does not come:\n" + "\n".join(terminal.screen()))
            time.sleep(LOOK_SECONDS)
            if since < LONGEST_WAIT:
                self.now += LOOK_SECONDS
                since += LOOK_SECONDS
            self.look()
        self.look()

    def rest(self, seconds: float) -> None:
        """Let somebody read for so long; what comes meanwhile is taken."""
        for _ in range(round(seconds / 0.1)):
            time.sleep(0.1)
            self.now += 0.1
            self.look()

    def _until_changed(self) -> None:
        end = time.monotonic() + 1.0
        while not self.look() and time.monotonic() < end:
            time.sleep(LOOK_SECONDS / 5)


def record(language: str) -> Recording:
    """Have Ana and Bia meet, talk, and part."""
    words = SPOKEN[language]
    with tempfile.TemporaryDirectory(prefix="tcpchat") as directory:
        terminals: list[Tmux] = []
        try:
            for name in ("ana", "bia"):
                place = Path(directory, name, "chat")
                place.mkdir(parents=True)
                environment = {
                    "HOME": str(place.parent), "XDG_DATA_HOME": str(place.parent / "data"), "LANGUAGE": language,
                    "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "SHELL": "/bin/bash",
                    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                }  # fmt: skip
                terminals.append(Tmux(place, environment, COLUMNS, ROWS))
            return _story(Recording(terminals), words)
        finally:
            for terminal in terminals:
                terminal.end()


def _story(recording: Recording, words: Words) -> Recording:
    ana, bia = recording.terminals
    for terminal in recording.terminals:
        terminal.type("PS1='$ '; cd; cd chat; clear\n")
        while terminal.screen() != ["$"]:
            time.sleep(LOOK_SECONDS)
    recording.rest(0.8)
    for terminal, name in ((ana, "Ana"), (bia, "Bia")):
        recording.type(terminal, "tcpchat")
        recording.see(terminal, words.name)
        recording.rest(0.4)
        recording.type(terminal, name)
        recording.see(terminal, words.port)
        recording.rest(1.2)
        recording.type(terminal, "")
        recording.see(terminal, "#chat>")
        recording.rest(1)
    recording.see(ana, words.joined)
    recording.rest(1.5)
    recording.type(bia, words.greeting)
    recording.see(ana, f"Bia: {words.greeting}")
    recording.rest(1.5)
    recording.type(ana, words.answer)
    recording.see(bia, f"Ana: {words.answer}")
    recording.rest(1.5)
    recording.type(bia, words.act)
    recording.see(ana, "* Bia")
    recording.rest(1.5)
    recording.type(ana, f"/msg Bia {words.secret}")
    recording.rest(2.5)
    recording.type(ana, words.who)
    recording.rest(2.5)
    recording.type(bia, "sair")
    recording.see(ana, words.left)
    recording.rest(2)
    recording.type(ana, "sair")
    recording.rest(2)
    return recording


def draw(recording: Recording, title: str) -> str:
    """Return the recording as an SVG that moves, and shows its last screens where it can't."""
    length = recording.now + END_SECONDS
    width = COLUMNS * WIDTH + 2 * MARGIN
    pane = TITLE + ROWS * HEIGHT + MARGIN
    height = 2 * pane + MARGIN
    parts = []
    for index, (name, screens) in enumerate(zip(("Ana", "Bia"), recording.screens, strict=True)):
        top = index * (pane + MARGIN)
        parts.append(f'<rect y="{top}" width="{width:g}" height="{pane}" rx="8" fill="{PAPER}"/>')
        parts.append(
            f'<path d="M0 {top + TITLE}v-{TITLE - 8}q0-8 8-8h{width - 16:g}q8 0 8 8v{TITLE - 8}z" fill="{FRAME}"/>'
        )
        parts.append(f'<text x="{width / 2:g}" y="{top + 18}" fill="{INK}" text-anchor="middle">{name}</text>')
        for row in range(ROWS):
            bottom = top + TITLE + 4 + (row + 1) * HEIGHT - 4
            for start, end, text in _shown(screens, row, length):
                if text.strip():
                    parts.append(_row(text, bottom, start / length, end / length))
    style = f"text{{font:{FONT}px 'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}}"
    size = f'viewBox="0 0 {width:g} {height}" width="{width:g}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" {size} role="img"><title>{escape(title)}</title>'
        f"<style>{style}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    ).replace("DURATION", f"{length:.1f}s")


def _shown(screens: Sequence[tuple[float, list[str]]], row: int, length: float) -> Iterator[tuple[float, float, str]]:
    """Yield from when until when a row showed what."""
    since, text = 0.0, ""
    for at, rows in screens:
        now = rows[row] if row < len(rows) else ""
        if now != text:
            if at > since:
                yield since, at, text
            since, text = at, now
    yield since, length, text


def _row(text: str, bottom: float, start: float, end: float) -> str:
    """Return one row's content as it is drawn between two moments, given as parts of the whole."""
    drawn = [_run(column, run, style, bottom) for column, run, style in _runs(text)]
    last = end >= 1
    values, times = ["none", "inline"], ["0", f"{start:.4f}"]
    if start <= 0:
        values, times = ["inline"], ["0"]
    if not last:
        values.append("none")
        times.append(f"{end:.4f}")
    moves = (
        f'<animate attributeName="display" values="{";".join(values)}" keyTimes="{";".join(times)}" dur="DURATION" '
        'calcMode="discrete" repeatCount="indefinite"/>'
    )
    hidden = "" if last else ' display="none"'
    return f"<g{hidden}>{''.join(drawn)}{moves if len(values) > 1 else ''}</g>"


def _run(column: int, run: str, style: Style, bottom: float) -> str:
    x = MARGIN + column * WIDTH
    ink, paper = (style.paper or PAPER, style.ink) if style.reverse else (style.ink, style.paper)
    behind = ""
    if paper:
        wide = sum(max(wcwidth(each), 0) for each in run) * WIDTH
        behind = f'<rect x="{x:.1f}" y="{bottom - 14}" width="{wide:.1f}" height="{HEIGHT}" fill="{paper}"/>'
    if not run.strip():
        return behind
    x += (len(run) - len(run.lstrip())) * WIDTH  # some viewers drop what is blank at a beginning
    run = run.strip() if not paper else run.lstrip()
    bold = ' font-weight="bold"' if style.bold else ""
    return f'{behind}<text x="{x:.1f}" y="{bottom}" fill="{ink}"{bold}>{escape(run)}</text>'


def _runs(text: str) -> Iterator[tuple[int, str, Style]]:
    """Yield stretches of one style, each with its column; what follows a wide character begins another, whatever its font."""
    column, style, begun, run = 0, Style(), 0, ""
    for position, part in enumerate(_SGR.split(text)):
        if position % 2:
            if run:
                yield begun, run, style
            style, begun, run = _styled(style, part), column, ""
            continue
        for each in part:
            run += each
            column += max(wcwidth(each), 0)
            if wcwidth(each) == 2:
                yield begun, run, style
                begun, run = column, ""
    if run.strip():
        yield begun, run.rstrip() if not (style.reverse or style.paper) else run, style


def _styled(style: Style, codes: str) -> Style:
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            style = Style()
        elif code == 1:
            style = style._replace(bold=True)
        elif code in (7, 27):
            style = style._replace(reverse=code == 7)
        elif code in (38, 48):
            colour = _colour(numbers)
            style = style._replace(ink=colour) if code == 38 else style._replace(paper=colour)
        elif code in (39, 49):
            style = style._replace(ink=INK) if code == 39 else style._replace(paper="")
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = style._replace(ink=BASIC[code % 10 + (8 if code >= 90 else 0)])
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = style._replace(paper=BASIC[code % 10 + (8 if code >= 100 else 0)])
    return style


def _colour(numbers: list[int]) -> str:
    """Take one of 256 colours, or red, green and blue, off the beginning of `numbers`."""
    if numbers.pop(0) == 2:
        red, green, blue = (numbers.pop(0) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    number = numbers.pop(0)
    if number < 16:
        return BASIC[number]
    if number >= 232:
        return f"#{8 + 10 * (number - 232):02x}" + f"{8 + 10 * (number - 232):02x}" * 2
    levels = [
        0 if part == 0 else 55 + 40 * part for part in ((number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6)
    ]
    return "#" + "".join(f"{level:02x}" for level in levels)


def main() -> None:
    """Record each language."""
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                sys.exit(f"port {port} is in use: end what listens there, or see this script's docstring")
    titles = {"en": "The first minute of a chat", "pt_BR": "O primeiro minuto de um chat"}
    files = {"en": "first-minute.svg", "pt_BR": "first-minute.pt-BR.svg"}
    for language, title in titles.items():
        picture = draw(record(language), title)
        if len(picture.encode()) > SIZE:
            sys.exit(f"{files[language]} would have {len(picture.encode()):,} bytes, more than {SIZE:,}")
        Path(__file__).with_name(files[language]).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
