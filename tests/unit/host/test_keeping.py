"""What is kept is cut into messages, at both ends."""

from __future__ import annotations

import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host import wire
from agent.host.keeping import is_release, portions
from agent.host.kept import keep_messages

names = st.dictionaries(
    st.text(max_size=5),
    st.dictionaries(st.text(max_size=5), st.integers(0, 9), min_size=1, max_size=600),
    max_size=8,
)


@given(names)
def test_a_hand_over_is_complete_whatever_its_size(kept: dict[str, dict[str, int]]) -> None:
    found: dict[str, dict[str, int]] = {}
    for entries, fds in portions(kept):
        assert 0 < len(fds) <= wire.MAX_FDS
        left = iter(fds)
        for name, keys in entries:
            found.setdefault(name, {}).update(zip(keys, left, strict=False))
        assert next(left, None) is None

    assert found == kept


def test_a_message_does_not_grow_with_long_names() -> None:
    kept = {f"{number:05}" + "n" * 5000: {"out": 1} for number in range(100)}

    sizes = [len(marshal.dumps(entries)) for entries, _ in portions(kept)]

    assert len(sizes) > 5
    assert max(sizes) < 64 * 1024


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (250, [250]), (251, [250, 1]), (600, [250, 250, 100])]
)
def test_only_the_first_message_replaces_what_a_name_stood_for(
    count: int, sizes: list[int]
) -> None:
    found = list(keep_messages("c1", {str(number): number for number in range(count)}))

    assert [len(fds) for _, fds in found] == sizes
    assert [message[4] for message, _ in found] == [False, *[True] * (len(sizes) - 1)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (marshal.dumps((wire.RELEASE,)), True),
        (marshal.dumps((wire.KEPT,)), False),
        (marshal.dumps(()), False),
        (marshal.dumps(5), False),
        (b"", False),
        (b"\xff?", False),
    ],
    ids=["release", "other", "empty", "no tuple", "end of file", "garbage"],
)
def test_a_keeper_goes_only_when_it_is_told_to(answer: bytes, expected: bool) -> None:
    assert is_release(answer) is expected
