"""Where volumes appear, and in which order."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent.model.container import Container
from agent.model.pod import Pod
from agent.rules.downward import ConfigError
from agent.rules.mounts import cannot_create, cannot_prepare, places, targets

VOLUMES: list[dict[str, Any]] = [
    {"name": "work", "emptyDir": {}},
    {"name": "conf", "configMap": {"name": "cfg"}},
    {"name": "host", "hostPath": {"path": "/srv/data"}},
]


def mounted(*mounts: dict[str, Any]) -> tuple[Pod, Container]:
    spec = {"containers": [{"name": "c", "volumeMounts": list(mounts)}], "volumes": VOLUMES}
    pod = msgspec.convert({"metadata": {"name": "p"}, "spec": spec}, Pod)
    return pod, pod.spec.containers[0]


def mount(name: str, path: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "mountPath": path, **fields}


def test_outer_places_come_before_those_in_them() -> None:
    pod, container = mounted(mount("conf", "/a/b/c"), mount("work", "/a"), mount("work", "/a-z"))

    found = places(pod, container, {})

    assert [place.target for place in found] == ["/a", "/a-z", "/a/b/c"]
    assert [place.outer for place in found] == [None, None, found[0]]
    assert found[2].path_in_outer == "b/c"


def test_the_nearest_outer_place_counts() -> None:
    pod, container = mounted(mount("work", "/a"), mount("work", "/a/b"), mount("conf", "/a/b/c/d"))

    inner = places(pod, container, {})[-1]

    assert inner.outer is not None
    assert (inner.outer.target, inner.path_in_outer) == ("/a/b", "c/d")


@pytest.mark.parametrize(
    ("path", "target"), [("work", "/work"), ("/work/", "/work"), ("//a//b/.", "/a/b")]
)
def test_targets_are_absolute_and_plain(path: str, target: str) -> None:
    pod, container = mounted(mount("work", path))

    assert [place.target for place in places(pod, container, {})] == [target]


def test_configuration_is_read_only_anyway() -> None:
    pod, container = mounted(
        mount("work", "/w"), mount("work", "/x", readOnly=True), mount("conf", "/y")
    )

    assert [place.read_only for place in places(pod, container, {})] == [False, True, True]


def test_a_host_path_at_its_own_place_needs_no_mount() -> None:
    pod, container = mounted(mount("host", "/srv/data/"))

    assert places(pod, container, {}) == ()


@pytest.mark.parametrize("fields", [{"readOnly": True}, {"subPath": "x"}])
def test_a_host_path_at_its_own_place_is_mounted_when_it_is_to_be_different(
    fields: dict[str, Any],
) -> None:
    pod, container = mounted(mount("host", "/srv/data", **fields))

    assert len(places(pod, container, {})) == 1


def test_a_host_path_that_something_was_mounted_over_is_mounted_again() -> None:
    pod, container = mounted(mount("work", "/srv"), mount("host", "/srv/data"))

    assert [place.target for place in places(pod, container, {})] == ["/srv", "/srv/data"]


def test_a_part_may_be_named_by_variables() -> None:
    pod, container = mounted(mount("work", "/w", subPathExpr="logs/$(NAME)"))

    (place,) = places(pod, container, {"NAME": "web"})

    assert place.sub_path == "logs/web"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"subPathExpr": "$(GONE)"}, "missing value for GONE"),
        ({"subPathExpr": "$(ROOT)"}, "error SubPath `/etc` must not be an absolute path"),
        ({"subPathExpr": "a/$(UP)"}, "unable to provision SubPath `a/..`: must not contain '..'"),
    ],
)
def test_a_part_that_cannot_be_says_why(fields: dict[str, Any], text: str) -> None:
    pod, container = mounted(mount("work", "/w", **fields))

    with pytest.raises(ConfigError) as caught:
        places(pod, container, {"ROOT": "/etc", "UP": ".."})

    assert str(caught.value) == text


def test_recursion_and_propagation_are_kept() -> None:
    pod, container = mounted(
        mount("host", "/w", readOnly=True, recursiveReadOnly="Enabled"),
        mount("host", "/x", mountPropagation="HostToContainer"),
    )

    first, second = places(pod, container, {})

    assert (first.recursive, first.follows_host) == ("Enabled", False)
    assert (second.recursive, second.follows_host) == ("Disabled", True)


def test_the_file_of_the_message_is_where_the_container_names_it() -> None:
    pod, container = mounted(mount("work", "/srv"))
    message = "/run/barepod/pods/u-1/c.0"
    named = msgspec.structs.replace(container, termination_message_path="/srv//log/last")

    volume, file = places(pod, named, {}, message)

    assert (volume.target, volume.source) == ("/srv", "")
    assert (file.target, file.source) == ("/srv/log/last", message)
    assert (file.outer, file.path_in_outer, file.read_only) == (volume, "log/last", False)
    assert places(pod, container, {}, message) == places(pod, named, {}) == (volume,)


def test_the_targets_of_a_pod_are_those_of_all_its_containers() -> None:
    pod, container = mounted(mount("work", "/srv/"), mount("conf", "etc//app"))
    other = msgspec.structs.replace(container, termination_message_path="/tmp/last")
    spec = msgspec.structs.replace(pod.spec, init_containers=(other,))

    found = targets(msgspec.structs.replace(pod, spec=spec))

    assert found == ("/srv", "/etc/app", "/tmp/last")


def test_the_texts_name_volume_and_container() -> None:
    assert cannot_create("v", "c") == (
        'failed to create subPath directory for volumeMount "v" of container "c"'
    )
    assert cannot_prepare("v", "c") == (
        'failed to prepare subPath for volumeMount "v" of container "c"'
    )
