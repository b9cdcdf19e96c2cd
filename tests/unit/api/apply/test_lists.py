"""What is owned piece by piece."""

from __future__ import annotations

import pytest

from agent.api.apply.lists import Keys, Place, place_of
from agent.manifest.decode import struct_codec
from agent.model.pod import Pod


def below(*names: str) -> Place:
    place = place_of(struct_codec(Pod))
    for name in names:
        place = place.item if name == "*" else place.below(name)
    return place


def test_items_are_told_apart_by_their_keys_and_defaults() -> None:
    ports = below("spec", "containers", "*", "ports").keys
    assert ports is not None
    assert ports.element({"containerPort": 1}) == 'k:{"containerPort":1,"protocol":"TCP"}'
    assert Keys().element("x") == 'v:"x"'


@pytest.mark.parametrize(
    ("names", "has_members"),
    [
        (("spec",), True),
        (("metadata", "labels"), True),
        (("spec", "nodeSelector"), False),
        (("spec", "tolerations"), False),
        (("spec", "imagePullSecrets", "*"), True),
        (("spec", "topologySpreadConstraints", "*", "labelSelector"), False),
        (("spec", "unknown"), False),
        (("metadata", "labels", "a"), False),
    ],
)
def test_structs_have_owned_members_unless_they_are_one_value(
    names: tuple[str, ...], has_members: bool
) -> None:
    assert below(*names).has_members == has_members
