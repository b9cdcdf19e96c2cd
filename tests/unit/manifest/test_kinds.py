"""Kinds are known by API version."""

from __future__ import annotations

import pytest

from agent.manifest import kinds
from agent.model.pod import Pod


def test_a_type_is_found_only_by_its_own_version() -> None:
    assert kinds.type_of("v1", "Pod") is Pod
    assert kinds.type_of("apps/v1", "Pod") is None
    assert kinds.type_of("v1", "Nonsense") is None
    assert kinds.api_version_of("CronJob") == "batch/v1"
    assert kinds.api_version_of("Nonsense") is None


@pytest.mark.parametrize("kind", kinds.USED)
def test_every_kind_that_is_used_has_a_type(kind: str) -> None:
    api_version = kinds.api_version_of(kind)

    assert api_version is not None
    found = kinds.type_of(api_version, kind)
    assert found is not None
    assert found.__name__ == kind


def test_kinds_of_a_cluster_are_registered_but_not_used() -> None:
    assert kinds.is_registered("v1", "Service")
    assert kinds.is_registered("v1", "Pod")
    assert not kinds.is_registered("v2", "Service")
    assert kinds.internal_name("apps/v1", "Deployment") == "apps.Deployment"
