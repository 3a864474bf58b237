"""From rounds to one table: medians, the least and the most, ratios, and whether our targets are met."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any, TypeAlias

from benchmarks.systems import OURS

Results: TypeAlias = dict[str, Any]
COLUMNS = {
    "a.cpu": "fan-out: CPU s/M",
    "a.rate": "k/s",
    "b.cpu": "all-to-all: CPU s/M",
    "b.rate": "k/s",
    "p50": "p50 µs",
    "p99": "p99 µs",
    "memory_after": "MiB a member",
}
"""What is in the table, by where a round has it."""
TARGETS = (
    ("CPU per delivery, fan-out, of ngircd's", "a.cpu", "ngircd", 0.6, False),
    ("CPU per delivery, all-to-all, of ngircd's", "b.cpu", "ngircd", 1.2, False),
    ("deliveries a second, fan-out, of ngircd's", "a.rate", "ngircd", 1.3, True),
    ("deliveries a second, all-to-all, of ngircd's", "b.rate", "ngircd", 0.8, True),
    ("deliveries a second, fan-out, of JetStream's on file", "a.rate", "jetstream", 1.7, True),
    ("deliveries a second, all-to-all, of JetStream's on file", "b.rate", "jetstream", 3.0, True),
    ("deliveries a second, fan-out, of JetStream's with sync always", "a.rate", "jetstream-sync", 15.0, True),
    ("deliveries a second, all-to-all, of JetStream's with sync always", "b.rate", "jetstream-sync", 15.0, True),
    ("deliveries a second, fan-out, of the original's", "a.rate", "original", 30.0, True),
    ("deliveries a second, all-to-all, of the original's", "b.rate", "original", 30.0, True),
    ("latency p50, of ngircd's", "p50", "ngircd", 1.5, False),
    ("latency p99, of ngircd's", "p99", "ngircd", 1.5, False),
)
"""Ratios to a rival: at most the number, or at least it."""


def values(system: dict[str, Any], what: str) -> list[float]:
    """Return a number of each round, `a.cpu` being `cpu` of `a`."""
    first, _, second = what.partition(".")
    found = [each[first] for each in system["rounds"] if each.get(first) is not None]
    numbers = [each[second] for each in found] if second else found
    return [number for number in numbers if number is not None]


def middle(system: dict[str, Any], what: str) -> float:
    """Return the median, 0 if nothing was measured."""
    return median(values(system, what) or [0.0])


def ratios(ours: dict[str, Any], theirs: dict[str, Any], what: str) -> list[float]:
    """Return ours to theirs, round by round."""
    return [one / other for one, other in zip(values(ours, what), values(theirs, what), strict=False) if other]


def short(number: float) -> str:
    """Return a number with about three digits."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def spread(numbers: list[float]) -> str:
    """Return the median and, in brackets, the least and the most."""
    if not numbers:
        return "–"
    words = short(median(numbers))
    return words if len(numbers) == 1 else f"{words} ({short(min(numbers))}–{short(max(numbers))})"


def table(results: Results) -> Iterator[str]:
    """Yield the lines of the table, in Markdown."""
    systems = results["systems"]
    ours = next((each for each in systems if each["key"] == OURS), None)
    columns = [what for what in COLUMNS if any(values(each, what) for each in systems)]
    if columns:
        yield "| | " + " | ".join(COLUMNS[what] for what in columns) + " |"
        yield "|---" * (len(columns) + 1) + "|"
        for each in systems:
            yield f"| {each['title']} | " + " | ".join(spread(values(each, what)) for what in columns) + " |"
        for each in systems:
            if ours and each is not ours:
                cells = (spread(ratios(ours, each, what)) for what in columns)
                yield f"| tcpchat ÷ {each['title']} | " + " | ".join(cells) + " |"
        yield ""
    yield from _others(results, ours)


def _others(results: Results, ours: dict[str, Any] | None) -> Iterator[str]:
    rows: list[tuple[str, str]] = []
    if ours:
        rows += [
            ("on every disk and known to be, fan-out, k/s", spread(values(ours, "a.safe_rate"))),
            ("on every disk and known to be, all-to-all, k/s", spread(values(ours, "b.safe_rate"))),
            ("a typed message while all send at full speed, median, ms", spread(values(ours, "typed_p50"))),
            ("the slowest of those, ms", spread(values(ours, "typed_most"))),
            ("memory with 4 links, before, MiB", spread(values(ours, "memory_idle"))),
            ("memory after all that, MiB", spread(values(ours, "memory_after"))),
        ]
    rows.append(("start to first message exchanged with four others, s", spread(results.get("start", []))))
    for caught, what in (("catch_up", "newcomer catches up"), ("one_by_one", "newcomer catches up on lone messages")):
        found = results.get(caught, [])
        rows.append((f"{what}, thousand records a second", spread([each["rate"] / 1000 for each in found])))
        rows.append(("the same, CPU of both, s per million records", spread([each["cpu"] for each in found])))
        rows.append(("a message typed meanwhile, the slowest, ms", spread([each["typed_most"] for each in found])))
        rows.append(("the newcomer's memory, at most, MiB", spread([each["memory"] for each in found])))
    idle = results.get("idle")
    if idle:
        rows.append(("idle with 4 links, % of a core", short(idle["percent"])))
    yield "| tcpchat | |"
    yield "|---|---|"
    yield from (f"| {name} | {value} |" for name, value in rows if value != "–")
    if results.get("members"):
        yield ""
        yield "| members | CPU s/M deliveries | k/s | µs of CPU a second per idle link end |"
        yield "|---|---|---|---|"
        for row in results["members"]:
            yield f"| {row['members']} | {short(row['cpu'])} | {short(row['rate'])} | {short(row['link'])} |"


def targets(results: Results) -> Iterator[str]:
    """Yield a line for each of our targets that could be checked."""
    systems = {each["key"]: each for each in results["systems"]}
    ours = systems.get(OURS)
    yield "| target | | measured | |"
    yield "|---|---|---|---|"
    for name, what, rival, limit, at_least in TARGETS:
        found = ratios(ours, systems[rival], what) if ours and rival in systems else []
        if found:
            yield _target(name, limit, at_least, median(found))
    for name, limit, at_least, number in _absolute(results, ours):
        if number:
            yield _target(name, limit, at_least, number)


def _absolute(results: Results, ours: dict[str, Any] | None) -> Iterator[tuple[str, float, bool, float]]:
    by_members = {row["members"]: row["cpu"] for row in results.get("members", [])}
    idle = results.get("idle") or {"memory": 0.0, "percent": 0.0}
    caught = [each["rate"] for each in results.get("catch_up", [])]
    if ours:
        yield "a typed message under full load, slowest, ms", 250, False, middle(ours, "typed_most")
    yield "start to first message, s", 1.0, False, median(results.get("start") or [0.0])
    yield "catch-up, records a second", 100_000, True, median(caught or [0.0])
    catching_up = [*results.get("catch_up", []), *results.get("one_by_one", [])]
    slowest = max((each["typed_most"] for each in catching_up), default=0.0)
    yield "a message typed during catch-up, slowest, ms", 500, False, slowest
    yield "memory of a newcomer, MiB", 120, False, max((each["memory"] for each in catching_up), default=0.0)
    yield "idle peer with 4 links, MiB", 50, False, idle["memory"]
    yield "idle peer with 4 links, % of a core", 0.3, False, idle["percent"]
    if 40 in by_members and 5 in by_members:
        yield "cost per delivery at 40 members, of that at 5", 1.5, False, by_members[40] / by_members[5]


def _target(name: str, limit: float, at_least: bool, number: float) -> str:
    met = number >= limit if at_least else number <= limit
    return f"| {name} | {'≥' if at_least else '≤'} {limit:g} | {short(number)} | {'met' if met else '**missed**'} |"
