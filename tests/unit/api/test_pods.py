"""A path names all pods, a pod or a container."""

from __future__ import annotations

import pytest

from agent.api.pods import standing_of
from agent.rules.traffic import Traffic
from tests.support.traffic import pods


@pytest.mark.parametrize(
    ("path", "traffic"),
    [
        ("default/web", Traffic.SEND),
        ("default/web/c", Traffic.SEND),
        ("default/slow", Traffic.STOP),
        ("default/slow/c", Traffic.STOP),
        ("", Traffic.STOP),
    ],
)
def test_a_path_is_judged(path: str, traffic: Traffic) -> None:
    standing = standing_of(pods("web", "slow -"), path.split("/") if path else [])

    assert standing is not None
    assert standing.traffic is traffic


@pytest.mark.parametrize(
    "path", ["web", "default/other", "other/web", "default/web/d", "default/web/c/d", "/"]
)
def test_a_path_to_nothing_has_no_standing(path: str) -> None:
    assert standing_of(pods("web"), path.split("/")) is None
