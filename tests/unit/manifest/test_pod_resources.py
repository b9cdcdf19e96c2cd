"""Resources at pod level are completed from those of the containers."""

from __future__ import annotations

from typing import Any

from agent.manifest.pod_resources import (
    default_pod_resources,
    pod_limits,
    pod_requests,
    sum_of,
)
from agent.model.container import Container, ResourceRequirements
from agent.model.pod import PodSpec


def asks(restart_policy: str | None = None, **requests: str) -> Container:
    return Container(
        name="c", restart_policy=restart_policy, resources=ResourceRequirements(requests=requests)
    )


def completed(**fields: Any) -> ResourceRequirements | None:
    return default_pod_resources(PodSpec(**fields)).resources


def test_nothing_is_made_up_without_any_resources_at_pod_level() -> None:
    assert completed(containers=(asks(cpu="1"),)) is None
    empty = ResourceRequirements()
    assert completed(containers=(asks(cpu="1"),), resources=empty) == empty


def test_the_worst_moment_counts() -> None:
    found = completed(
        containers=(asks(cpu="1"), asks(cpu="500m", memory="1Mi")),
        init_containers=(
            asks(cpu="2", memory="3Mi"),
            asks("Always", cpu="250m"),
            asks(cpu="1"),
        ),
        resources=ResourceRequirements(limits={"memory": "1Gi"}),
    )

    assert found is not None
    assert found.requests == {"cpu": "2", "memory": "3Mi"}


def test_what_runs_together_is_added() -> None:
    found = completed(
        containers=(asks(cpu="1"),),
        init_containers=(asks("Always", cpu="250m"),),
        resources=ResourceRequirements(limits={"cpu": "4"}),
    )

    assert found is not None
    assert found.requests == {"cpu": "1250m"}


def test_only_limits_of_huge_pages_and_requests_of_the_rest_are_summed() -> None:
    limits = ResourceRequirements(
        limits={"hugepages-2Mi": "2Mi", "cpu": "9"}, requests={"hugepages-2Mi": "2Mi"}
    )

    found = completed(
        containers=(Container(name="c", resources=limits),),
        resources=ResourceRequirements(requests={"cpu": "1"}),
    )

    assert found == ResourceRequirements(
        limits={"hugepages-2Mi": "2Mi"}, requests={"cpu": "1", "hugepages-2Mi": "2Mi"}
    )


def test_absurd_amounts_are_not_written_out() -> None:
    found = completed(
        containers=(asks(cpu="1e999999999"), asks(cpu="1")),
        resources=ResourceRequirements(limits={"memory": "1"}),
    )

    assert found is not None
    assert found.requests["memory"] == "1"


def test_what_is_set_aside_for_a_pod_includes_its_overhead() -> None:
    spec = PodSpec(
        containers=(asks(cpu="1", memory="64Mi"), asks(cpu="250m")),
        overhead={"cpu": "10m", "pids": "1"},
    )

    assert pod_requests(spec) == {"cpu": "1260m", "memory": "64Mi", "pids": "1"}


def test_a_limit_includes_the_overhead_only_where_there_is_one() -> None:
    container = Container(name="c", resources=ResourceRequirements(limits={"memory": "128Mi"}))
    spec = PodSpec(containers=(container,), overhead={"cpu": "10m", "memory": "1Gi"})

    assert pod_limits(spec) == {"memory": "1152Mi"}


def test_resources_at_pod_level_outrank_those_of_containers() -> None:
    both = ResourceRequirements(
        requests={"cpu": "3", "example.com/x": "9"}, limits={"memory": "1Gi"}
    )
    spec = PodSpec(containers=(asks(cpu="1", memory="1Mi"),), resources=both)

    assert pod_requests(spec) == {"cpu": "3", "memory": "1Mi"}
    assert pod_limits(spec) == {"memory": "1Gi"}


def test_nothing_adds_up_to_nothing() -> None:
    assert sum_of([]) == {}
