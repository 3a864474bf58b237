"""Benchmarks of tcpchat beside what one would install instead: `python -m benchmarks`. See `docs/performance.md`."""
