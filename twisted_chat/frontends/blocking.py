"""Standard input and output as they are found, and are left again."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

STANDARD = (0, 1, 2)


def blocking_modes(descriptors: tuple[int, ...] = STANDARD) -> Callable[[], None]:
    """Return a function that makes each descriptor blocking, or not, as it is now.

    `StandardIO` makes them non-blocking, on a terminal also for the shell and whoever else shares it.
    """
    modes: dict[int, bool] = {}
    for descriptor in descriptors:
        with suppress(OSError):  # closed
            modes[descriptor] = os.get_blocking(descriptor)

    def restore() -> None:
        for descriptor, blocking in modes.items():
            with suppress(OSError):
                os.set_blocking(descriptor, blocking)

    return restore
