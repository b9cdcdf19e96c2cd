"""What does `$(VAR)` in a command, an argument or a value become?

One pass, no re-expansion (kubernetes: third_party/forked/golang/expansion).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping


def expand(text: str, *sources: Mapping[str, str]) -> str:
    """Replace each `$(NAME)` by the value in the first source that knows NAME.

    Unknown names stay as they are, `$$` becomes `$`, and any other `$` is ordinary text.
    """

    def value_of(name: str) -> str | None:
        return next((source[name] for source in sources if name in source), None)

    return expand_with(text, value_of) if "$" in text else text


def expand_with(text: str, value_of: Callable[[str], str | None]) -> str:
    """The same, asking `value_of` for each name; None means unknown."""
    parts: list[str] = []
    done, at = 0, text.find("$")
    while 0 <= at < len(text) - 1:
        replacement, end = _reference(text, at, value_of)
        parts += (text[done:at], replacement)
        done, at = end, text.find("$", end)
    parts.append(text[done:])
    return "".join(parts)


def _reference(text: str, at: int, value_of: Callable[[str], str | None]) -> tuple[str, int]:
    """What stands for the `$` at `at`, and where the text goes on."""
    follower = text[at + 1]
    if follower == "$":
        return "$", at + 2
    close = text.find(")", at + 2) if follower == "(" else -1
    if close < 0:
        # An open parenthesis without an end is passed over with its dollar sign.
        return text[at : at + 2], at + 2
    value = value_of(text[at + 2 : close])
    return text[at : close + 1] if value is None else value, close + 1
