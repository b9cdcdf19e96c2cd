"""Image references: the rows are in tests/conformance/tables/image_references.yaml."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.defaults import pull_policy
from agent.manifest.image_reference import parse


@given(st.text() | st.text("aA0/:@.-_", max_size=20))
def test_any_text_is_a_reference_or_not(text: str) -> None:
    found = parse(text)

    assert found is None or found.tag or found.digest


def test_only_the_newest_is_always_pulled() -> None:
    assert [pull_policy(image) for image in ("a", "a:latest", "a:1", "A", "")] == [
        "Always",
        "Always",
        "IfNotPresent",
        "IfNotPresent",
        "IfNotPresent",
    ]
