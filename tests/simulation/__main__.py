"""`python -m tests.simulation --seed 7 --peers 5 --steps 200`: tell one random story, or as many as asked for."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.story import Story, Violation


def main() -> int:
    """Run the stories asked for; return 1 at the first violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the first story; the same seed tells the same story")
    parser.add_argument("--stories", type=int, default=1, help="how many, with consecutive seeds")
    parser.add_argument("--peers", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.stories):
        began = time.monotonic()
        story = Story(seed, options.peers)
        try:
            for _ in range(options.steps):
                story.step()
            story.settle()
        except Violation as violation:
            sys.stdout.write(f"seed {seed}: {violation}\n")
            return 1
        said = sum(len(actor.said) for actor in story.world.actors)
        sys.stdout.write(
            f"seed {seed}: {said} messages, {story.world.network.clock.seconds():.0f} simulated seconds, "
            f"all well ({time.monotonic() - began:.1f} s)\n"
        )
    return 0


sys.exit(main())
