"""Which container is meant."""

from __future__ import annotations

import pytest

from agent.api.streaming.node import container_of
from agent.api.streaming.refusal import Refusal
from agent.model.container import Container
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec


def pod(*names: str, init: tuple[str, ...] = ()) -> Pod:
    return Pod(
        metadata=ObjectMeta(name="web", namespace="default"),
        spec=PodSpec(
            containers=tuple(Container(name=name) for name in names),
            init_containers=tuple(Container(name=name) for name in init),
        ),
    )


def test_the_only_one_need_not_be_named() -> None:
    assert container_of(pod("a"), "").name == "a"


def test_any_one_may_be_named() -> None:
    assert container_of(pod("a", "b"), "b").name == "b"
    assert container_of(pod("a", init=("i",)), "i").name == "i"


@pytest.mark.parametrize(
    ("found", "name", "message"),
    [
        (pod("a"), "x", "container x is not valid for pod web"),
        (
            pod("a", "b"),
            "",
            "a container name must be specified for pod web, choose one of: [a b]",
        ),
        (
            pod("a", init=("i", "j")),
            "",
            "a container name must be specified for pod web, choose one of: [a] "
            "or one of the init containers: [i j]",
        ),
    ],
)
def test_otherwise_it_is_refused(found: Pod, name: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        container_of(found, name)

    assert (refused.value.code, refused.value.message) == (400, message)
