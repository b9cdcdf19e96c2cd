"""Events go by age and by number."""

from __future__ import annotations

from agent.store.events import EventBounds


def test_nothing_goes_without_need() -> None:
    bounds = EventBounds(ttl=10, limit=2)
    bounds.written(("d", "a"), 0)
    bounds.written(("d", "b"), 1)

    assert bounds.surplus(9.9) == []


def test_what_is_written_again_is_young_again() -> None:
    bounds = EventBounds(ttl=10, limit=5)
    bounds.written(("d", "a"), 0)
    bounds.written(("d", "b"), 1)
    bounds.written(("d", "a"), 5)

    assert bounds.surplus(12) == [("d", "b")]
    assert bounds.next_end() == 11


def test_the_longest_unwritten_make_room() -> None:
    bounds = EventBounds(ttl=10, limit=1)
    for number, name in enumerate("abc"):
        bounds.written(("d", name), number)

    assert bounds.surplus(3) == [("d", "a"), ("d", "b")]


def test_what_is_gone_does_not_go_again() -> None:
    bounds = EventBounds(ttl=10)
    bounds.written(("d", "a"), 0)

    bounds.forget(("d", "a"))
    bounds.forget(("d", "ghost"))

    assert bounds.surplus(100) == []
    assert bounds.next_end() is None
