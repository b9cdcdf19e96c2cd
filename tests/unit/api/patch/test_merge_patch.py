"""The laws of merge patches."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.api.patch import merge_patch, values

_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from("xy"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)


_MAPS = st.dictionaries(st.sampled_from("abc"), _VALUES)


@given(_MAPS, _MAPS)
def test_a_merge_patch_applied_twice_does_no_more_than_once(
    original: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = merge_patch.merge(original, patch)
    assert values.equal(merge_patch.merge(once, patch), once)


@given(_MAPS)
def test_a_merge_patch_into_nothing_has_no_nulls(patch: dict[str, Any]) -> None:
    assert values.equal(merge_patch.merge({}, patch), _pruned(patch))


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    return value
