"""Expansion is one pass over the text, and the first source that knows a name wins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.expand import expand, expand_with

NAMES = st.text(st.characters(exclude_characters="$)"), min_size=1, max_size=5)


def test_the_first_source_that_knows_a_name_wins_even_with_an_empty_value() -> None:
    assert expand("[$(A)$(B)]", {"A": ""}, {"A": "second", "B": "b"}) == "[b]"


def test_values_are_not_expanded_again() -> None:
    assert expand("$(A)", {"A": "$(B)$$", "B": "b"}) == "$(B)$$"


def test_a_function_may_be_asked_for_each_name() -> None:
    asked: list[str] = []

    def note(name: str) -> str | None:
        asked.append(name)
        return None

    assert expand_with("$(A)-$$(B)-$(C", note) == "$(A)-$(B)-$(C"
    assert asked == ["A"]


@given(st.text(st.characters(exclude_characters="$")), st.dictionaries(NAMES, st.text()))
def test_a_text_without_dollar_signs_stays_as_it_is(text: str, known: dict[str, str]) -> None:
    assert expand(text, known) == text


@given(st.text())
def test_doubled_dollar_signs_protect_any_text(text: str) -> None:
    assert expand(text.replace("$", "$$"), {"A": "a"}) == text


@given(st.text("$()Ab").filter(lambda text: "$$" not in text))
def test_unknown_names_change_nothing(text: str) -> None:
    assert expand(text, {}) == text


@given(NAMES, st.text(), st.text(st.characters(exclude_characters="$")))
def test_a_known_name_is_replaced_wherever_it_stands(name: str, value: str, around: str) -> None:
    assert expand(f"{around}$({name}){around}", {name: value}) == around + value + around
