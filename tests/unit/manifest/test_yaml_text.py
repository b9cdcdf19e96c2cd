"""YAML is read with lines, aliases, merges and bounds."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.manifest import document, yaml_text
from agent.manifest.document import Document, TextError


def one(text: str) -> Document:
    (found,) = yaml_text.read(text)
    return found


def test_every_document_has_its_lines() -> None:
    first, second = yaml_text.read("a: 1\n---\n# more\nb:\n- x\n- z: 2\n")

    assert (first.value, first.line) == ({"a": 1}, 1)
    assert (second.value, second.line) == ({"b": ["x", {"z": 2}]}, 4)
    assert [second.line_of(p) for p in (("b",), ("b", 0), ("b", 1), ("b", 1, "z"))] == [4, 5, 6, 6]


def test_a_repeated_key_is_kept_with_both_lines_and_that_of_its_value() -> None:
    found = one("a: 1\nb: 2\na:\n  c: 3\n")

    (duplicate,) = found.duplicates
    assert found.value == {"a": {"c": 3}, "b": 2}
    assert (duplicate.key, duplicate.first_line, duplicate.line, duplicate.value_line) == (
        "a",
        1,
        3,
        4,
    )
    assert duplicate.holder is found.value


def test_an_alias_shares_its_value_and_line() -> None:
    found: Any = one("a: &x\n  k: v\nb: *x\nc: &y 7\nd: [*y]\n")

    assert found.value == {"a": {"k": "v"}, "b": {"k": "v"}, "c": 7, "d": [7]}
    assert found.value["a"] is found.value["b"]
    assert found.line_of(("b",)) == 3
    assert found.line_of(("b", "k")) == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<<: {a: 1}\nb: 2\n", {"a": 1, "b": 2}),
        ("<<: {a: 1}\na: 2\n", {"a": 2}),
        ("a: 2\n<<: {a: 1}\n", {"a": 1}),
        ("<<: [{a: 1}, {a: 2, b: 3}]\n", {"a": 1, "b": 3}),
        ('"<<": {a: 1}\n', {"<<": {"a": 1}}),
    ],
)
def test_a_merge_sets_members_where_it_stands(text: str, value: object) -> None:
    found = one(text)

    assert found.value == value
    assert found.duplicates == []


def test_keys_become_texts() -> None:
    assert one("1: a\ntrue: b\n1.5: c\n0x10: d\n").value == {
        "1": "a",
        "true": "b",
        "1.5": "c",
        "16": "d",
    }


@pytest.mark.parametrize(
    ("text", "line", "go_text"),
    [
        ("a:\n\tb: 1\n", 2, "yaml: line 2: found character that cannot start any token"),
        ("a: *x\n", 1, "yaml: unknown anchor 'x' referenced"),
        ("a: &x [*x]\n", 1, "yaml: anchor 'x' value contains itself"),
        ("a:\n- <<: 5\n", 2, "yaml: map merge requires map or sequence of maps as the value"),
        ("b: 1\na: !!int x\n", 2, "yaml: cannot decode !!str `x` as a !!int"),
        ('~: "v"\n', 1, 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "v"'),
        ("a: 1\nb: \x02\n", 2, "yaml: control characters are not allowed"),
        ("- a\nb: c\n", 2, "yaml: line 1: did not find expected '-' indicator"),
        ("18446744073709551615: a\n", 1, "yaml: the key 18446744073709551615 is too large"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line(text: str, line: int, go_text: str) -> None:
    with pytest.raises(TextError) as raised:
        list(yaml_text.read(text))

    assert (raised.value.line, raised.value.go_text) == (line, go_text)


def test_tabs_are_told_to_people() -> None:
    with pytest.raises(TextError, match="indent with spaces, not with tabs"):
        list(yaml_text.read("a:\n\tb: 1\n"))


def test_what_was_read_before_the_error_is_not_lost() -> None:
    documents = yaml_text.read("a: 1\n---\nb: [\n")

    assert next(documents).value == {"a": 1}
    with pytest.raises(TextError):
        next(documents)


def test_depth_is_bounded() -> None:
    deep = document.MAX_DEPTH + 1

    with pytest.raises(TextError, match="nested more than 100 deep"):
        list(yaml_text.read("[" * deep + "]" * deep))
    assert one("[" * (deep - 1) + "]" * (deep - 1)).value


def test_aliases_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(TextError, match="holds more than 1000000 values, aliases included"):
        list(yaml_text.read("\n".join(lines)))


def test_a_key_is_a_text() -> None:
    with pytest.raises(TextError, match="a key must be a text"):
        list(yaml_text.read("? [a]\n: b\n"))


def test_the_pure_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x {b: [1, yes]}\nc: *x\n---\nd: 0644\n"
    fast = [found.value for found in yaml_text.read(text)]
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)

    assert [found.value for found in yaml_text.read(text)] == fast


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text("ab :-#'", max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xqz"), inner),
        max_leaves=12,
    )
)
def test_what_pyyaml_writes_is_read_back(value: object) -> None:
    assert one(yaml.safe_dump({"root": value}, explicit_start=True)).value == {"root": value}
