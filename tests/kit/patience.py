"""Hypothesis on machines that are busy: no example fails for having taken long."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Decorates a test that has been given examples."""

WRITTEN = st.characters(exclude_categories=["Cs"])
"""What `st.text` is made of unless it is told, without the two seconds it takes to find out which that is."""
