"""Resources of other containers, and the limits of a whole pod."""

from __future__ import annotations

from agent.model.container import Container, ResourceFieldSelector, ResourceRequirements
from agent.model.pod import Pod, PodSpec
from agent.rules.downward import Surroundings, resource_value

AROUND = Surroundings(allocatable={"cpu": "4", "memory": "8Gi", "ephemeral-storage": "10Gi"})


def named(name: str, **limits: str) -> Container:
    return Container(name=name, resources=ResourceRequirements(limits=limits))


def asked(resource: str, container: str = "", divisor: str = "1") -> ResourceFieldSelector:
    return ResourceFieldSelector(resource=resource, container_name=container, divisor=divisor)


def test_a_container_may_ask_for_the_limit_of_another() -> None:
    pod = Pod(spec=PodSpec(containers=(named("a"), named("b", cpu="333m"))))

    value = resource_value(asked("limits.cpu", "b", "1m"), pod, pod.spec.containers[0], AROUND)

    assert value == "333"


def test_an_init_container_asked_by_name_has_no_default_limit() -> None:
    pod = Pod(spec=PodSpec(init_containers=(named("i"),), containers=(named("a"),)))
    (init,) = pod.spec.init_containers

    assert resource_value(asked("limits.cpu", "i"), pod, init, AROUND) == "0"
    assert resource_value(asked("limits.cpu"), pod, init, AROUND) == "4"


def test_the_limits_of_the_pod_come_before_those_of_the_node() -> None:
    whole = ResourceRequirements(limits={"cpu": "1500m", "ephemeral-storage": "1Gi"})
    pod = Pod(spec=PodSpec(containers=(named("a"),), resources=whole))
    (container,) = pod.spec.containers

    values = [
        resource_value(asked(f"limits.{name}", divisor=divisor), pod, container, AROUND)
        for name, divisor in (("cpu", "1m"), ("memory", "1Gi"), ("ephemeral-storage", "1Gi"))
    ]

    assert values == ["1500", "8", "10"]


def test_huge_pages_are_counted_as_they_are_written() -> None:
    pod = Pod(spec=PodSpec(containers=(named("a", **{"hugepages-2Mi": "5Mi"}),)))
    (container,) = pod.spec.containers

    assert resource_value(asked("limits.hugepages-2Mi", divisor="2Mi"), pod, container, AROUND) == (
        "3"
    )
