"""Hypothesis on machines that are busy: no example fails for having taken long."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Decorates a test that has been given examples."""
