"""Volumes made of configuration have the files that a kubelet would give them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent.model.config_data import ConfigMap, Secret
from agent.model.pod import Pod
from agent.model.volume import Volume
from agent.rules.downward import ConfigError, Surroundings
from agent.rules.volume_files import files
from tests.support import tables

AROUND = Surroundings(
    config_maps={
        "cfg": ConfigMap(data={"color": "blue", "multi": "1\n2\n"}, binary_data={"raw": "AAH/"})
    },
    secrets={"sec": Secret(data={"user": "YWRtaW4="}, string_data={"extra": "e"})},
)
POD = msgspec.convert(
    {
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "uid": "u-1",
            "labels": {"tier": "front", "app": "shop"},
            "annotations": {"note": "a\nb", "quoted": 'say "hi"'},
        },
        "spec": {
            "containers": [
                {"name": "c", "resources": {"limits": {"cpu": "250m", "memory": "64Mi"}}}
            ]
        },
    },
    Pod,
)


@tables.rows("volume_files")
def test_a_volume_has_its_files(row: dict[str, Any]) -> None:
    volume = msgspec.convert({"name": "v", **row["volume"]}, Volume)

    if "error" in row:
        with pytest.raises(ConfigError) as caught:
            files(volume, POD, AROUND)
        assert str(caught.value) == row["error"]
        return

    made = files(volume, POD, AROUND)

    shown = {path: f"{file.mode:o}:{file.data.decode('latin-1')}" for path, file in made.items()}
    assert shown == row["files"]
