"""Tests. They are in English wherever they run, and so are the processes they start.

Hypothesis gives a test 50 examples, the same each time; or, with `TCPCHAT_GIVEN`, so many others. None fails for having taken
long.
"""

import os

from hypothesis import HealthCheck, settings

os.environ["LANGUAGE"] = "en"
_GIVEN = os.environ.get("TCPCHAT_GIVEN")
settings.register_profile(
    "suite",
    max_examples=int(_GIVEN or 50),
    derandomize=_GIVEN is None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")
