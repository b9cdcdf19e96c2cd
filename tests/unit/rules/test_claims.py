"""The file that an object comes from."""

from __future__ import annotations

from agent.rules.claims import owners


def test_the_only_file_owns_what_it_defines() -> None:
    assert owners({}, {"pod": ["b.yaml"]}) == {"pod": "b.yaml"}


def test_of_two_new_files_the_first_by_name_wins() -> None:
    assert owners({}, {"pod": ["b.yaml", "a.yaml"]}) == {"pod": "a.yaml"}


def test_who_holds_an_object_keeps_it() -> None:
    assert owners({"pod": "b.yaml"}, {"pod": ["a.yaml", "b.yaml"]}) == {"pod": "b.yaml"}


def test_another_file_takes_over_what_its_holder_no_longer_defines() -> None:
    assert owners({"pod": "b.yaml"}, {"pod": ["c.yaml", "d.yaml"]}) == {"pod": "c.yaml"}


def test_what_nobody_defines_has_no_owner() -> None:
    assert owners({"pod": "b.yaml"}, {"pod": []}) == {}
