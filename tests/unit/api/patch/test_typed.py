"""Values that are read into types in other words than JSON is."""

from __future__ import annotations

from agent.api.patch.apply import (
    STRATEGIC_MERGE_PATCH,
    apply_patch,
)
from agent.model.pod import Pod


def test_a_number_too_big_for_its_field_overflows_as_in_kubernetes() -> None:
    patch = b'{"spec":{"priority":4294967301,"terminationGracePeriodSeconds":2.0}}'
    spec = apply_patch(STRATEGIC_MERGE_PATCH, Pod(), patch).object.spec
    assert (spec.priority, spec.termination_grace_period_seconds) == (5, 2)
