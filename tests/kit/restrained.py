"""Programs that may not write: to which a directory is a read-only file system, or that have no more rights than the modes of
files say, although root runs the tests. Where that can't be had a test is skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from twisted.trial.unittest import SkipTest

_REMOUNT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def read_only(directory: Path) -> list[str]:
    """Return what stands before a command to which `directory`, and nothing else, is a read-only file system."""
    alone = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    return _possible([*alone, "sh", "-c", _REMOUNT, str(directory.absolute())])


def unprivileged() -> list[str]:
    """Return what stands before a command for which modes of files count."""
    if os.geteuid() != 0:
        return []
    rights = "-dac_override,-dac_read_search"
    return _possible(["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"])


def _possible(prefix: Sequence[str]) -> list[str]:
    if shutil.which(prefix[0]) is None:
        raise SkipTest(f"there is no command {prefix[0]} here")
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, timeout=60)
    if tried.returncode:
        raise SkipTest(f"{prefix[0]} can't do that here: {tried.stderr.strip()}")
    return list(prefix)
