"""Documents know the line of everything that was written."""

from __future__ import annotations

import pytest

from agent.manifest.document import Document, Members, Number, read_path, show_path
from agent.manifest.json_text import read


@pytest.mark.parametrize(
    "path",
    [
        "spec.containers[0].livenessProbe.periodSeconds",
        "metadata.labels[app.kubernetes.io/name]",
        "items[12].spec",
        "spec",
        "",
    ],
)
def test_a_path_survives_reading_and_showing(path: str) -> None:
    assert show_path(read_path(path)) == path


def test_a_broken_path_is_read_as_far_as_it_goes() -> None:
    assert read_path("a..b[c") == ("a", "b", "c")


def test_a_line_is_found_or_that_of_the_nearest_thing_above() -> None:
    document = read('{"spec":\n {"containers":\n  [{},\n   {"name": "c"}]}}')

    assert document.line_of(("spec", "containers", 1, "name")) == 4
    assert document.line_of(("spec", "containers", 1, "image")) == 4
    assert document.line_of(("spec", "containers", 7)) == 2
    assert document.line_of(("spec", "volumes")) == 1
    assert document.line_of(("spec", 0)) == 1
    assert document.line_of(()) == 1


def test_places_are_found_once_even_when_an_alias_repeats_them() -> None:
    shared = {"a": 1}
    document = Document({"x": [shared, shared], "y": shared})

    assert document.paths()[id(shared)] in (("x", 0), ("x", 1), ("y",))
    assert len(document.paths()) == 3


def test_repeated_members_are_kept_and_the_last_wins() -> None:
    members = Members([("a", 1), ("b", 2), ("a", 3)])

    assert members == {"a": 3, "b": 2}
    assert members.pairs == (("a", 1), ("b", 2), ("a", 3))


def test_a_number_keeps_its_text() -> None:
    assert (Number(1.5, "1.50"), Number(1.5, "1.50").text) == (1.5, "1.50")
