"""Container statuses: order, times, and what comes from the spec."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from agent.model.status import ContainerStatus, PodStatus, VolumeMountStatus
from agent.rules.container_status import container_statuses
from tests.support.lifecycle import NOW, pod, run


def test_regular_ones_are_sorted_by_name_and_init_ones_as_in_the_spec() -> None:
    one = pod(["b", "a"], init=["z", "y"], ephemeralContainers=[{"name": "d"}, {"name": "c"}])

    statuses = container_statuses(one, (), None, {})

    assert [s.name for s in statuses.regular] == ["a", "b"]
    assert [s.name for s in statuses.init] == ["z", "y"]
    assert [s.name for s in statuses.ephemeral] == ["c", "d"]


def test_a_container_that_is_not_in_the_spec_is_not_shown() -> None:
    statuses = container_statuses(pod(), [run("stranger", "running")], None, {})

    assert [s.name for s in statuses.regular] == ["web"]


def test_times_are_whole_seconds_and_the_id_has_its_scheme() -> None:
    began = NOW + timedelta(seconds=1, microseconds=7)

    (status,) = container_statuses(
        pod(), [run("web", "exited 1", started_at=began, finished_at=began)], None, {}
    ).regular

    ended = status.state.terminated
    assert ended is not None
    assert ended.started_at == ended.finished_at == NOW + timedelta(seconds=1)
    assert ended.container_id == status.container_id == "barepod://web-10"


def test_a_run_shows_the_resources_of_the_spec_and_a_waiting_container_none() -> None:
    one = pod([{"name": "web", "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}}])

    (waiting,) = container_statuses(one, (), None, {}).regular
    (running,) = container_statuses(one, [run("web", "running")], None, {}).regular

    assert waiting.resources is None
    assert running.resources is not None
    assert running.resources.limits == {"cpu": "2"}
    assert running.allocated_resources == {"cpu": "1"}


def test_an_empty_set_of_resources_is_written() -> None:
    (status,) = container_statuses(pod(), [run("web", "running")], None, {}).regular

    assert b'"resources":{}' in msgspec.json.encode(status)


def test_a_mount_that_is_read_only_all_the_way_says_so() -> None:
    mount = {"name": "v", "mountPath": "/v", "readOnly": True, "recursiveReadOnly": "Enabled"}
    one = pod([{"name": "web", "volumeMounts": [mount]}])

    (status,) = container_statuses(one, (), None, {}).regular

    assert [shown.recursive_read_only for shown in status.volume_mounts] == ["Enabled"]


def test_mounts_are_shown_and_kept_as_they_were() -> None:
    mounts = [{"name": "v", "mountPath": "/v", "readOnly": True}]
    one = pod([{"name": "web", "volumeMounts": mounts}])
    (first,) = container_statuses(one, (), None, {}).regular
    kept = ContainerStatus(name="web", volume_mounts=(VolumeMountStatus(name="old"),))

    (second,) = container_statuses(one, (), PodStatus(container_statuses=(kept,)), {}).regular

    assert first.volume_mounts == (
        VolumeMountStatus(
            name="v", mount_path="/v", read_only=True, recursive_read_only="Disabled"
        ),
    )
    assert second.volume_mounts == kept.volume_mounts


def test_a_failure_of_another_container_does_not_matter() -> None:
    (status,) = container_statuses(pod(), (), None, {"other": ("Error", "")}).regular

    assert status.state.waiting is not None
    assert status.state.waiting.reason == "ContainerCreating"
