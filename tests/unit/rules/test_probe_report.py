"""What the report tables cannot say of a probe's events."""

from __future__ import annotations

import pytest

from agent.model.runtime import Outcome, ProbeKind
from agent.rules.probe_report import probe_event


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_the_kind_of_probe_begins_the_message(kind: ProbeKind) -> None:
    event = probe_event(kind, Outcome.FAILURE, "x")

    assert event is not None
    assert event.message == f"{kind.value} probe failed: x"


def test_an_error_tells_which_result_came_beside_it() -> None:
    event = probe_event(ProbeKind.LIVENESS, Outcome.ERROR, "body stalled", errored_as="failure")

    assert event is not None
    assert event.message == ("Liveness probe errored and resulted in failure state: body stalled")
