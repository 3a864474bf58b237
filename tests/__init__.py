"""Tests. They are in English wherever they run, and so are the processes they start.

They try the same examples each time, however slow the machine; `HYPOTHESIS_PROFILE=default` tries others.
"""

import os

from hypothesis import HealthCheck, settings

os.environ["LANGUAGE"] = "en"
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
