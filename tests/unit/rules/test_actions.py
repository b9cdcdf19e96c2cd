"""The identity of a container's definition."""

from __future__ import annotations

from agent.rules.actions import container_hash
from tests.support.lifecycle import pod


def hash_of(**fields: object) -> str:
    return container_hash(pod([{"name": "web", **fields}]).spec.containers[0])


def test_another_image_is_another_definition() -> None:
    assert hash_of(image="app:1") != hash_of(image="app:2")


def test_only_name_and_image_count() -> None:
    assert hash_of(command=["a"], env=[{"name": "A"}]) == hash_of(command=["b"])


def test_name_and_image_do_not_run_into_each_other() -> None:
    one, other = pod(
        [{"name": "web", "image": "app"}, {"name": "weba", "image": "pp"}]
    ).spec.containers

    assert container_hash(one) != container_hash(other)


def test_it_is_the_same_in_every_process() -> None:
    assert hash_of() == "95d545cf"
