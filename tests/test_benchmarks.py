"""The benchmarks, at a size that shows whether they work at all."""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from benchmarks import report
from benchmarks.messages import LENGTH, Tally, Work, compose
from benchmarks.pictures import draw_all
from benchmarks.processes import BenchmarkFailed
from benchmarks.systems import SYSTEMS
from benchmarks.workloads import at, measure


class CountingTests(SynchronousTestCase):
    """What is counted is what has come."""

    def tally(self) -> Tally:
        """Return the tally of member 1, member 0 sending three messages in phase 7."""
        return Tally(Work(7, 3, [0, 1]), 1)

    def test_complete(self) -> None:
        """All messages, in order, are no error."""
        tally = self.tally()
        texts = [compose(0, 7, number) for number in range(3)]
        self.assertEqual({len(text) for text in texts}, {LENGTH})
        tally.take(texts[:2])
        self.assertFalse(tally.complete)
        tally.take(texts[2:])
        self.assertTrue(tally.complete)
        self.assertEqual(tally.errors, [])

    def test_wrong(self) -> None:
        """A message that comes twice, too early, from nobody who sends, from another phase or cut short is an error."""
        first, second = compose(0, 7, 0), compose(0, 7, 1)
        for wrong in ([first, first], [second], [compose(3, 7, 0)], [compose(0, 6, 0)], [first[:-1]]):
            tally = self.tally()
            tally.take(wrong)
            self.assertEqual(len(tally.errors), 1, wrong)
            self.assertFalse(tally.complete)


class RunningTests(SynchronousTestCase):
    """Real processes do the work."""

    def measured(self, key: str) -> report.Results:
        """Return the results of a few messages among two members."""
        system = next(system for system in SYSTEMS if system.key == key)
        if not Path("/proc/self/stat").exists():
            raise SkipTest("processes are measured in /proc, which this system does not have")
        try:
            with system.start(Path(self.mktemp()).absolute(), 2) as team:
                burst = measure(team, Work(1, 200, [0, 1]))
                paced = measure(team, Work(2, 10, [0], rate=100.0))
        except BenchmarkFailed as failure:
            self.fail(f"{failure} ({sys.executable})")
        self.assertEqual(burst["deliveries"], 400)
        self.assertEqual(len(paced["latencies"]), 10)
        p50 = at(0.5, paced["latencies"])
        round = {"a": burst, "b": burst, "p50": p50, "p99": paced["latencies"][-1]}
        curve = [(50, p50), (99, paced["latencies"][-1])]
        return {"systems": [{"key": key, "title": system.title, "rounds": [round], "curve": curve}]}

    def test_ours(self) -> None:
        """Peers exchange messages and are measured; table and pictures come of it."""
        results = self.measured("tcpchat")
        self.assertIn("| tcpchat |", "\n".join(report.table(results)))
        drawn = draw_all(results, Path(self.mktemp()))
        self.assertEqual([path.name for path in drawn], ["throughput.svg", "latency.svg"])

    def test_rival(self) -> None:
        """So do the clients of a rival that needs no server."""
        self.measured("mesh")
