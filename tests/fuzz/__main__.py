"""Feed a peer inputs nobody would send by mistake.

`python -m tests.fuzz --runs 1000000` takes some minutes; `--seed 7` feeds others, and the same seed the same.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback

from tests.fuzz.running import Found, inputs, memory

REPORT_SECONDS = 10.0


def main() -> int:
    """Do it; return 1 at the first fault, having said how to meet it again."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--runs", type=int, default=100_000, help="how many inputs")
    options = parser.parse_args()
    began = told = time.monotonic()
    fed = 0
    try:
        for fed in inputs(options.seed, options.runs):
            now = time.monotonic()
            if now - told > REPORT_SECONDS:
                told = now
                sys.stdout.write(f"{fed} inputs, {fed / (now - began):.0f}/s, at most {memory():.0f} MiB\n")
    except Found as found:
        traceback.print_exception(found.__cause__)
        sys.stdout.write(f"after {fed} inputs: {found}\n")
        return 1
    seconds = time.monotonic() - began
    sys.stdout.write(f"{fed} inputs, {fed / seconds:.0f}/s, at most {memory():.0f} MiB, nothing found\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
