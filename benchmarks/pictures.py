"""The pictures, as SVG written by hand: bars, curves on logarithmic axes, nothing that has to be installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from math import log10
from pathlib import Path
from typing import Any

from benchmarks.report import Results, middle
from benchmarks.systems import OURS

WIDTH = 760
OURS_COLOURS = ("#d9480f", "#f4a261")
THEIR_COLOURS = ("#495057", "#adb5bd")
CURVES = ("#1971c2", "#2f9e44", "#9c36b5", "#0c8599", "#e8590c", "#5c940d", "#868e96", "#364fc7")
Point = tuple[float, float]


def draw_all(results: Results, directory: Path) -> list[Path]:
    """Draw what there are results for; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    pictures = {
        "throughput.svg": _throughput(results),
        "latency.svg": _latency(results),
        "members.svg": _members(results),
    }
    written = []
    for name, picture in pictures.items():
        if picture:
            (directory / name).write_text(picture, encoding="utf-8")
            written.append(directory / name)
    return written


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    style = "text{font:13px system-ui,sans-serif;fill:#212529}.t{font-size:15px;font-weight:600}.s{font-size:11px}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">'
        f"<title>{escape(title)}</title><style>{style}</style>"
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fff"/>\n{_text(16, 26, title, "t")}\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = "#dee2e6") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _curve(points: Sequence[Point], colour: str, wide: bool) -> str:
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="{3 if wide else 1.6}"/>'


def _log_scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = log10(high) - log10(low)
    return lambda value: start + (log10(max(low, min(high, value))) - log10(low)) / span * (end - start)


def _throughput(results: Results) -> str:
    """Deliveries a second of each system, fan-out above all-to-all."""
    systems = [each for each in results["systems"] if middle(each, "a.rate") and middle(each, "b.rate")]
    if not systems:
        return ""
    scale = _log_scale(1, 2000, 190, WIDTH - 90)
    bottom = 50 + 40 * len(systems)
    parts = []
    for tick in (1, 10, 100, 1000):
        parts += [
            _line(scale(tick), 44, scale(tick), bottom),
            _text(scale(tick), bottom + 15, str(tick), "s", "middle"),
        ]
    for index, system in enumerate(systems):
        y = 50 + 40 * index
        colours = OURS_COLOURS if system["key"] == OURS else THEIR_COLOURS
        parts.append(_text(180, y + 20, system["title"], "", "end"))
        for row, what in enumerate(("a.rate", "b.rate")):
            value = middle(system, what)
            top = y + 15 * row
            width = scale(value) - scale(1)
            parts.append(f'<rect x="190" y="{top}" width="{width:.1f}" height="13" rx="2" fill="{colours[row]}"/>')
            parts.append(_text(196 + width, top + 11, f"{value:,.0f}", "s"))
    words = "thousand deliveries a second, logarithmic; above: one sends to four, below: five send to each other"
    parts.append(_text(190, bottom + 32, words, "s"))
    return _svg(bottom + 44, "Throughput, five members, 100-byte messages", parts)


def _latency(results: Results) -> str:
    """Which part of the deliveries took at most so long."""
    systems = [each for each in results["systems"] if each.get("curve")]
    if not systems:
        return ""
    right, top, bottom = WIDTH - 200, 44.0, 330.0
    across = _log_scale(100, 100_000, 60, right)
    parts = []
    for tick, name in ((100, "0.1 ms"), (1000, "1 ms"), (10_000, "10 ms"), (100_000, "100 ms")):
        parts += [_line(across(tick), top, across(tick), bottom), _text(across(tick), bottom + 16, name, "s", "middle")]
    for percent in (0, 25, 50, 75, 100):
        y = bottom - (bottom - top) * percent / 100
        parts += [_line(60, y, right, y), _text(54, y + 4, f"{percent} %", "s", "end")]
    for index, system in enumerate(systems):
        ours = system["key"] == OURS
        colour = OURS_COLOURS[0] if ours else CURVES[index % len(CURVES)]
        points = [(across(value), bottom - (bottom - top) * part / 100) for part, value in system["curve"]]
        parts.append(_curve(points, colour, ours))
        y = top + 12 + 20 * index
        parts += [_line(right + 14, y - 4, right + 36, y - 4, colour), _text(right + 42, y, system["title"])]
    return _svg(366, "One-way latency, 200 messages a second to four others", parts)


def _members(results: Results) -> str:
    """Cost of a delivery by the size of the group."""
    rows: list[dict[str, Any]] = results.get("members", [])
    if len(rows) < 2:
        return ""
    sizes = [row["members"] for row in rows]
    right, top, bottom = WIDTH - 40, 44.0, 300.0
    across = _log_scale(min(sizes), max(sizes), 80, right - 20)
    most = max(row["cpu"] for row in rows) * 1.15
    parts = []
    for part in range(5):
        y = bottom - (bottom - top) * part / 4
        parts += [_line(70, y, right, y), _text(64, y + 4, f"{most * part / 4:.1f}", "s", "end")]
    points = [(across(row["members"]), bottom - (bottom - top) * row["cpu"] / most) for row in rows]
    parts.append(_curve(points, OURS_COLOURS[0], True))
    for (x, y), row in zip(points, rows, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{OURS_COLOURS[0]}"/>')
        parts += [
            _text(x, y - 9, f"{row['cpu']:.1f}", "s", "middle"),
            _text(x, bottom + 16, str(row["members"]), "s", "middle"),
        ]
    parts.append(_text(right, bottom + 34, "members in the group, one of whom talks", "s", "end"))
    return _svg(346, "CPU microseconds of all processes per delivery", parts)
