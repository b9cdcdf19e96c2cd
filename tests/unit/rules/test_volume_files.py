"""What a volume is made of, and what its group may do (the files: see conformance)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent.model.volume import Volume
from agent.rules.volume_files import group_mode, is_configuration, sources


def volume(**source: Any) -> Volume:
    return msgspec.convert({"name": "v", **source}, Volume)


@pytest.mark.parametrize(
    ("source", "config_maps", "secrets"),
    [
        ({"configMap": {"name": "a"}}, {"a"}, set()),
        ({"secret": {"secretName": "b"}}, set(), {"b"}),
        (
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "a"}},
                        {"secret": {"name": "b"}},
                        {"downwardAPI": {}},
                    ]
                }
            },
            {"a"},
            {"b"},
        ),
        ({"emptyDir": {}}, set(), set()),
    ],
)
def test_a_volume_names_the_objects_it_is_made_of(
    source: dict[str, Any], config_maps: set[str], secrets: set[str]
) -> None:
    assert [set(names) for names in sources(volume(**source))] == [config_maps, secrets]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"configMap": {"name": "a"}}, True),
        ({"downwardAPI": {"items": []}}, True),
        ({"emptyDir": {}}, False),
        ({"hostPath": {"path": "/x"}}, False),
    ],
)
def test_configuration_is_what_is_made_here(source: dict[str, Any], expected: bool) -> None:
    assert is_configuration(volume(**source)) is expected


@pytest.mark.parametrize(
    ("mode", "is_directory", "read_only", "expected"),
    [
        (0o777, True, False, 0o2777),
        (0o755, True, False, 0o2775),
        (0o755, True, True, 0o2755),
        (0o700, True, True, 0o2750),
        (0o600, False, False, 0o660),
        (0o400, False, True, 0o440),
        (0o644, False, True, 0o644),
    ],
)
def test_the_group_may_read_and_write_what_can_be_written(
    mode: int, is_directory: bool, read_only: bool, expected: int
) -> None:
    assert group_mode(mode, is_directory=is_directory, read_only=read_only) == expected
