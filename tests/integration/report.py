"""What came of a long run, for whoever runs it by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

SHOWN = 50
"""Faults that are shown at most; all are counted."""


@dataclass
class Report:
    """What came of a run. `faults` must be empty."""

    seed: int
    kills: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def figures(self) -> str:
        """Return what was done, in figures."""
        return f"seed {self.seed}: {self.kills} kills in {self.seconds:.1f} s"

    def __str__(self) -> str:
        """Return the figures, and what is wrong."""
        return "\n".join([self.figures(), *self.faults[:SHOWN], f"{len(self.faults)} faults"])
