"""`python -m benchmarks`: run the workloads round by round, print the table, save JSON, draw the pictures."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import report
from benchmarks.messages import Work
from benchmarks.pictures import draw_all
from benchmarks.processes import ROOT, BenchmarkFailed
from benchmarks.systems import OURS, SYSTEMS, System
from benchmarks.workloads import QUICK, Sizes, at, by_members, catch_up, five, idle, start_to_message

PARTS = [1, 2, 5, *range(10, 100, 5), 98, 99, 99.5, 99.9]
"""The percentages at which the curve of latencies is drawn."""
MOST_CATCHING_UP = 3
"""Throttle of catching up: each takes longer than all the others."""


class Run:
    """One run of the benchmarks, in a directory of its own."""

    def __init__(self, only: str, systems: Sequence[System], rounds: int, sizes: Sizes, home: Path) -> None:
        self._only = only
        self._systems = systems
        self._rounds = rounds
        self._sizes = sizes
        self._home = home
        self._latencies: dict[str, list[float]] = {system.key: [] for system in systems}
        rows = [{"key": system.key, "title": system.title, "share": system.share, "rounds": []} for system in systems]
        self.results: report.Results = {
            "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.release()}",
            "python": platform.python_version(),
            "rounds": rounds,
            "load_before": os.getloadavg()[0],
            "systems": rows,
            "failed": [],
        }

    def run(self) -> None:
        """Measure everything that is asked for."""
        if set(self._only) & set("abcf"):
            for round in range(self._rounds):
                for system, row in zip(self._systems, self.results["systems"], strict=True):
                    with self._trying(f"{system.title}, round {round + 1} of {self._rounds}") as home:
                        row["rounds"].append(self._summed_up(system, five(system, home, self._sizes, self._only)))
        for row in self.results["systems"]:
            ordered = sorted(self._latencies[row["key"]])
            row["curve"] = [(part, at(part / 100, ordered)) for part in PARTS] if ordered else []
        if SYSTEMS[0] in self._systems:
            self._ours()

    def _ours(self) -> None:
        """What is measured of tcpchat alone."""
        if "d" in self._only:
            self.results["start"] = []
            for _ in range(self._rounds):
                with self._trying("start to first message") as home:
                    self.results["start"].append(start_to_message(SYSTEMS[0], home))
        if "e" in self._only:
            with self._trying("catching up") as home:
                times = min(self._rounds, MOST_CATCHING_UP)
                self.results["catch_up"] = catch_up(home, self._sizes.catch_up, Work.burst, times)
            with self._trying("catching up on messages said one by one") as home:
                self.results["one_by_one"] = catch_up(home, self._sizes.one_by_one, 1, 1)
        if "f" in self._only:
            with self._trying("idle") as home:
                self.results["idle"] = idle(SYSTEMS[0], home, 5, self._sizes.idle_seconds)
        if "g" in self._only:
            self.results["members"] = []
            for members in self._sizes.groups:
                with self._trying(f"{members} members") as home:
                    self.results["members"].append(by_members(SYSTEMS[0], home, members, self._sizes))

    def _summed_up(self, system: System, found: dict[str, Any]) -> dict[str, Any]:
        """Keep of one round what goes into the file."""
        latencies = found.pop("latencies", [])
        if latencies:
            self._latencies[system.key] += latencies
            found |= {"p50": at(0.5, latencies), "p99": at(0.99, latencies)}
        typed = found.pop("typed", [])
        if typed:
            found |= {"typed_p50": median(typed), "typed_most": typed[-1]}
        for work in ("a", "b"):
            if work in found:
                found[work] = {key: value for key, value in found[work].items() if key not in ("latencies", "typed")}
        return found

    @contextmanager
    def _trying(self, words: str) -> Iterator[Path]:
        """Give a place; note a failure and go on."""
        began = time.monotonic()
        home = Path(tempfile.mkdtemp(dir=self._home))
        try:
            yield home
        except BenchmarkFailed as failure:
            self.results["failed"].append(f"{words}: {failure}")
            _say(f"{words}: {failure}")
        finally:
            shutil.rmtree(home, ignore_errors=True)
        _say(f"{words}: {time.monotonic() - began:.1f} s")


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the work, one round: to see whether all works")
    parser.add_argument("--only", default="a,b,c,d,e,f,g", help="the workloads, of a,b,c,d,e,f,g")
    names = ",".join(system.key for system in SYSTEMS)
    parser.add_argument("--rivals", default=names, help=f"of {names}, or none")
    parser.add_argument("--rounds", type=int, default=None, help="how often; 5 unless --quick")
    parser.add_argument("--json", type=Path, default=Path("benchmarks.json"), help="where the numbers are saved")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images", help="where the pictures are drawn")
    parser.add_argument("--directory", type=Path, default=None, help="a place on the disk that is to be measured")
    return parser.parse_args(arguments)


def chosen(rivals: str) -> list[System]:
    """Return tcpchat and those rivals that are asked for and installed; say how to install the others."""
    wanted = {OURS, *rivals.split(",")}
    for system in SYSTEMS:
        if system.key in wanted and system.missing:
            _say(f"{system.title} is left out: {system.missing}")
    return [system for system in SYSTEMS if system.key in wanted and not system.missing]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 1 if something failed."""
    options = _options(arguments)
    rounds = options.rounds or (1 if options.quick else 5)
    home = Path(tempfile.mkdtemp(prefix="tcpchat-bench-", dir=options.directory))
    only = options.only.replace(",", "")
    run = Run(only, chosen(options.rivals), rounds, QUICK if options.quick else Sizes(), home)
    began = time.monotonic()
    try:
        run.run()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    run.results["minutes"] = (time.monotonic() - began) / 60
    run.results["load_after"] = os.getloadavg()[0]
    options.json.write_text(json.dumps(run.results, indent=1), encoding="utf-8")
    drawn = draw_all(run.results, options.images)
    sys.stdout.write("\n".join([*report.table(run.results), "", *report.targets(run.results)]) + "\n")
    _say(f"{run.results['minutes']:.1f} minutes; {options.json}, {', '.join(map(str, drawn)) or 'no pictures'}")
    return 1 if run.results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
