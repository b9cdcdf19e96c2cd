"""The environment of a container is what a kubelet would make of it."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from agent.model.config_data import ConfigMap, Secret
from agent.model.pod import Pod
from agent.rules import environment
from tests.support import tables

AROUND = environment.Surroundings(
    pod_ips=("10.1.0.1",),
    host_ips=("10.0.0.1", "fd00::1"),
    node_name="n1",
    config_maps={
        "cfg": ConfigMap(
            data={"REPLACE_ME": "from-map", "DUPE_TEST": "from-map", "REF": "$(DUPE_TEST)"}
        )
    },
    secrets={"sec": Secret(data={"PASS": base64.b64encode(b"pa$$word").decode()})},
    allocatable={"cpu": "3", "memory": "2Gi"},
)


def pod_of(row: dict[str, Any]) -> Pod:
    container = {
        "name": "c",
        "env": row.get("env", []),
        "envFrom": row.get("env_from", []),
        "resources": row.get("resources", {}),
        "command": row.get("command", []),
        "args": row.get("args", []),
    }
    metadata = {
        "name": "web",
        "namespace": "shop",
        "uid": "u-1",
        "labels": {"app": "shop"},
        "annotations": {"note": "a\nb"},
    }
    spec = {"containers": [container], "serviceAccountName": "robot"}
    return msgspec.convert({"metadata": metadata, "spec": spec}, Pod)


@tables.rows("environment")
def test_an_environment_is_made(row: dict[str, Any]) -> None:
    pod = pod_of(row)
    (container,) = pod.spec.containers

    if "error" in row:
        with pytest.raises(environment.ConfigError) as caught:
            environment.make_environment(pod, container, AROUND)
        assert str(caught.value) == row["error"]
        return

    made = environment.make_environment(pod, container, AROUND)

    assert made == row["becomes"]
    assert environment.expand_command(container, made) == (
        tuple(row.get("expanded_command", ())),
        tuple(row.get("expanded_args", ())),
    )
