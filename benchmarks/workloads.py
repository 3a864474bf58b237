"""The workloads, a to g, each returning numbers; what is wrong is a `BenchmarkFailed`."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.messages import Work
from benchmarks.processes import BenchmarkFailed, Child, Team, free_ports, python
from benchmarks.systems import System

SECOND = 1_000_000_000
PATIENCE = 120.0
TYPED = 4.0
"""Messages a second that are typed while a newcomer catches up."""
SETTLE_SECONDS = 0.5
"""How long after a start before anything is measured."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    fan_out: int = 50_000
    all_to_all: int = 10_000
    rate: float = 200.0
    paced_seconds: float = 2.0
    catch_up: int = 1_000_000
    one_by_one: int = 200_000
    idle_seconds: float = 10.0
    groups: tuple[int, ...] = (2, 5, 10, 20, 40)
    to_groups: int = 40_000


QUICK = Sizes(10_000, 2_000, 200.0, 1.0, 100_000, 10_000, 4.0, (2, 5, 10), 4_000)


def measure(team: Team, work: Work) -> dict[str, Any]:
    """Have the work done and checked; return CPU seconds a million deliveries, deliveries a second and what was told."""
    team.tell({"do": "expect", "work": asdict(work)})
    team.expect("expecting", PATIENCE)
    before = team.processor_seconds()
    began = time.monotonic_ns()
    team.tell({"do": "go"})
    told = team.expect("done", PATIENCE)
    time.sleep(0.1)  # acknowledgements and commits under way are part of the cost
    used = team.processor_seconds() - before
    errors = [error for each in told for error in each["errors"]]
    if errors:
        raise BenchmarkFailed(f"lost, doubled or out of order: {errors}")
    deliveries = sum(work.count for each in work.senders for member in range(len(team.members)) if member != each)
    seconds = (max(each["last"] for each in told) - began) / SECOND
    acknowledged = max(each.get("acknowledged", 0) for each in told)
    return {
        "cpu": used / deliveries * 1e6,
        "rate": deliveries / seconds / 1000,
        "deliveries": deliveries,
        "seconds": seconds,
        "safe_rate": deliveries / ((acknowledged - began) / SECOND) / 1000 if acknowledged else None,
        "latencies": sorted(latency / 1000 for each in told for latency in each["latencies"]),
        "typed": sorted(latency / 1e6 for each in told for latency in each.get("typed", [])),
    }


def at(fraction: float, ordered: list[float]) -> float:
    """Return the value below which that fraction lies."""
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def five(system: System, home: Path, sizes: Sizes, only: str) -> dict[str, Any]:
    """One round of a, b, c and f with five members."""
    found: dict[str, Any] = {}
    everyone = list(range(5))
    with system.start(home, 5) as team:
        time.sleep(SETTLE_SECONDS)
        found["memory_idle"] = median(member.memory() for member in team.members)
        measure(team, Work(0, max(1, int(sizes.all_to_all * system.share / 10)), everyone))  # warm
        if "c" in only:
            result = measure(team, Work(1, int(sizes.rate * sizes.paced_seconds), [0], sizes.rate))
            found["latencies"] = result["latencies"]
        if "a" in only:
            found["a"] = measure(team, Work(2, int(sizes.fan_out * system.share), [0]))
        if "b" in only or "f" in only:
            found["b"] = measure(team, Work(3, int(sizes.all_to_all * system.share), everyone))
            found["memory_after"] = median(member.memory() for member in team.members)
            found["memory_most"] = max(member.memory("VmHWM") for member in team.members)
            found["memory_servers"] = sum(server.memory() for server in team.servers)
        if "b" in only and not system.client:
            work = Work(4, sizes.all_to_all * 3, everyone[1:], typed=20.0)  # an author's own feed keeps its order
            found["typed"] = measure(team, work)["typed"]
    return found


def idle(system: System, home: Path, members: int, seconds: float) -> dict[str, float]:
    """What a peer costs that does nothing: memory in MiB, percent of a core, microseconds of CPU a second and link end."""
    with system.start(home, members) as team:
        time.sleep(2.0)
        before = team.processor_seconds()
        time.sleep(seconds)
        used = (team.processor_seconds() - before) / seconds
        memory = median(member.memory() for member in team.members)
    return {"memory": memory, "percent": used / members * 100, "link": used / members / (members - 1) * 1e6}


def start_to_message(system: System, home: Path) -> float:
    """Return seconds from the start of `python -m twisted_chat`, four others running, to a message exchanged with each."""
    ports = free_ports(5)
    spec = {"members": 4, "ports": ports}
    members = [
        Child(f"m{me}", python("benchmarks.member", {**spec, "me": me, "home": str(home / f"m{me}")}), home / f"m{me}")
        for me in range(4)
    ]
    with Team(members) as team:
        team.expect("ready", PATIENCE)
        team.tell({"do": "greet"})
        team.expect("greeting", PATIENCE)
        time.sleep(SETTLE_SECONDS)
        began = time.monotonic_ns()
        told = ["--name", "New", "--port", str(ports[4]), "--ports", ",".join(map(str, ports)), "--group", "bench"]
        command = [sys.executable, "-m", "twisted_chat", *told, "--data", str(home / "new"), "--console", "plain"]
        newcomer = Child("newcomer", command, home / "newcomer", text=True)
        try:
            newcomer.tell("newcomer")
            for _ in members:
                newcomer.expect("welcome from", PATIENCE)
            heard = time.monotonic_ns()
            met = [member.expect("met", PATIENCE)["met"] for member in team.members]
        finally:
            newcomer.tell("/quit")
            newcomer.wait()
    last: int = max(heard, *met)
    return (last - began) / SECOND


def catch_up(home: Path, records: int, burst: int, rounds: int) -> list[dict[str, float]]:
    """Have a newcomer, `rounds` times over, get what another peer said before, `burst` at a time, while that peer types.

    Returns, for each, records a second, CPU of both, the newcomer's memory at most in MiB, and how long the slowest of what was
    typed took, in milliseconds.
    """
    ports = free_ports(2)
    work = Work(1, records, [0], typed=TYPED, burst=burst)

    def member(me: int, place: Path, **more: Any) -> Team:
        spec = {"members": 1 + me, "ports": ports, "me": me, "home": str(place), **more}
        return Team([Child(f"m{me}", python("benchmarks.member", spec), place)])

    with member(0, home / "holder") as holder:
        holder.expect("ready", PATIENCE)
        holder.tell({"do": "expect", "work": asdict(replace(work, typed=0.0))})
        holder.tell({"do": "go"})
        holder.expect("done", PATIENCE)
    results = []
    for round in range(rounds):
        with member(0, home / "holder") as holder:
            holder.expect("ready", PATIENCE)
            before = holder.processor_seconds()
            with member(1, home / f"newcomer{round}", expect=asdict(work)) as newcomer:
                newcomer.expect("ready", PATIENCE)
                holder.tell({"do": "type", "rate": work.typed})
                told = newcomer.expect("done", PATIENCE)[0]
                used = newcomer.processor_seconds() + holder.processor_seconds() - before
                memory = newcomer.members[0].memory("VmHWM")
        if told["errors"] or not told["typed"]:
            raise BenchmarkFailed(f"lost, doubled or out of order: {told['errors']}")
        rate = records / (told["last"] - told["linked"]) * SECOND
        slowest = max(told["typed"]) / 1e6
        results.append({"rate": rate, "cpu": used / records * 1e6, "memory": memory, "typed_most": slowest})
    return results


def by_members(system: System, home: Path, members: int, sizes: Sizes) -> dict[str, float]:
    """Return what a delivery costs in a group of so many, and an idle link in it."""
    with system.start(home, members) as team:
        time.sleep(2.0)
        before = team.processor_seconds()
        time.sleep(sizes.idle_seconds / 2)
        used = (team.processor_seconds() - before) / (sizes.idle_seconds / 2)
        measure(team, Work(0, sizes.to_groups // 20, [0]))
        result = measure(team, Work(1, sizes.to_groups, [0]))
    link = used / members / (members - 1) * 1e6
    return {"members": members, "cpu": result["cpu"], "rate": result["rate"], "link": link}
