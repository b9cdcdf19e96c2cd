"""Every registered kind is found, and is what its name says."""

from __future__ import annotations

import pytest

from agent.store import kinds


@pytest.mark.parametrize("kind", [*kinds.OBJECTS, *kinds.RECORDS])
def test_a_registered_kind_has_the_type_of_its_name(kind: str) -> None:
    found = kinds.type_of(kind)

    assert found is not None
    assert found.__name__ == kind
    assert kinds.is_known(kind)
    assert hasattr(found, "metadata") == (kind in kinds.OBJECTS)


def test_an_unknown_kind_has_no_type() -> None:
    assert kinds.type_of("Widget") is None
    assert not kinds.is_known("Widget")
