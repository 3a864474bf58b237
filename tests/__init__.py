"""Tests. They are in English wherever they run, and so are the processes they start.

Hypothesis gives a test `TCPCHAT_GIVEN` examples, 50 unless the environment says otherwise; none fails for having taken long.
"""

import os

from hypothesis import HealthCheck, settings

os.environ["LANGUAGE"] = "en"
settings.register_profile(
    "suite",
    max_examples=int(os.environ.get("TCPCHAT_GIVEN", "50")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")
