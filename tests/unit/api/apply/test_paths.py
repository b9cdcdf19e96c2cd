"""Places in objects, as managedFields write them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.api.apply.paths import of_fields, show, to_fields


def test_fields_that_are_not_in_the_form_are_left_out() -> None:
    tree = {"f:a": {"k:[1]": {}, "k:{": {}, "x": {}, "f:b": {}}, "v:5": {}, "f:c": 5, ".": {}}
    assert of_fields(tree) == {("f:a", "f:b"), ("v:5",)}
    assert show(("f:a", 'k:{"p":"TCP","n":1}', 'v:"x"')) == '.a[n=1,p="TCP"][="x"]'


_ELEMENTS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])


@given(st.frozensets(st.lists(_ELEMENTS, min_size=1, max_size=4).map(tuple)))
def test_a_set_of_places_comes_back(paths: frozenset[tuple[str, ...]]) -> None:
    assert of_fields(to_fields(paths)) == paths
