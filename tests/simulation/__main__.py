"""Tell random stories, or measure what replication costs in a mesh that is not full.

`python -m tests.simulation --seed 7 --stories 10 --steps 200` tells ten stories; the same seed tells the same story.
`python -m tests.simulation --hostile --stories 10000` tells such with two hostile ones in them.
`python -m tests.simulation --graph random --peers 200 --degree 6` counts what is sent in excess of what must be.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.graphs import GRAPHS, Crowd
from tests.simulation.hostile import HostileStory, small
from tests.simulation.story import Story, Violation

TOLD = 500
"""Steps of a story after which it is said how far it is."""


def tell(seed: int, peers: int, steps: int) -> str:
    """Tell one story; return what there was in it."""
    story = Story(seed, peers)
    for step in range(1, steps + 1):
        story.step()
        if step % TOLD == 0:
            sys.stderr.write(f"seed {seed}: {step} of {steps} steps\n")
    story.settle()
    return _summary(story)


def tell_hostile(seed: int, peers: int, steps: int) -> str:
    """Tell one story with two hostile ones in it; return what there was in it."""
    with small():
        story = HostileStory(seed, peers)
        story.tell(steps)
    return _summary(story)


def _summary(story: Story) -> str:
    said = sum(len(actor.said) for actor in story.world.actors)
    return f"{said} messages, {story.world.network.clock.seconds():.0f} simulated seconds"


def measure(graph: str, seed: int, peers: int, degree: int) -> str:
    """Let ten authors talk while trees form, and again when they have; return what either cost."""
    crowd = Crowd(graph, peers, degree, seed)
    costs = [crowd.talk(10, 1, 60), crowd.talk(10, 5, 60)]
    return ", then ".join(
        f"{cost.batches} batches, {cost.received} received where {cost.needed} had to be ({cost.excess:.3f}), "
        f"all there after {cost.slowest:.2f} s"
        for cost in costs
    )


def main() -> int:
    """Do what was asked for; return 1 at the first violation."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--stories", type=int, default=1, help="how many, with consecutive seeds")
    parser.add_argument("--peers", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--hostile", action="store_true", help="with two more who do whatever the protocol allows")
    parser.add_argument("--graph", choices=GRAPHS, help="measure replication in such a mesh instead")
    parser.add_argument("--degree", type=int, default=6, help="links a peer in a random graph")
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.stories):
        began = time.monotonic()
        try:
            if options.graph:
                what = measure(options.graph, seed, options.peers, options.degree)
            elif options.hostile:
                what = tell_hostile(seed, options.peers, options.steps)
            else:
                what = tell(seed, options.peers, options.steps)
        except Violation as violation:
            sys.stdout.write(f"seed {seed}: {violation}\n")
            return 1
        sys.stdout.write(f"seed {seed}: {what}, all well ({time.monotonic() - began:.1f} s)\n")
    return 0


sys.exit(main())
