"""What was seen, as a story: each value once, with the time since which it held."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from agent.model.status import ContainerState

T = TypeVar("T")


def changes_of(seen: Iterable[tuple[float, T]]) -> list[tuple[float, T]]:
    """Without those that are the same as the one before."""
    found: list[tuple[float, T]] = []
    for at, what in seen:
        if not found or found[-1][1] != what:
            found.append((at, what))
    return found


def state_of(state: ContainerState) -> str:
    """In a word, as far as there is one."""
    if state.running is not None:
        return "Running"
    if state.terminated is not None:
        return f"{state.terminated.reason} {state.terminated.exit_code}"
    return state.waiting.reason if state.waiting is not None else ""
