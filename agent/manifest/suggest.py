"""Which known name was probably meant?"""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` is most likely a slip of, None when none is near.

    A name in another case or the beginning of a name wins over any number of typing errors.
    """
    names = sorted(known)
    folded = name.casefold()
    for candidate in names:
        if candidate.casefold() == folded:
            return candidate
    allowed = 1 + len(name) // 4
    scored = [(distance(folded, candidate.casefold(), allowed), candidate) for candidate in names]
    best = min(scored, default=(allowed + 1, ""))
    if best[0] <= allowed:
        return best[1]
    beginnings = [c for c in names if len(name) >= 3 and c.casefold().startswith(folded)]
    return beginnings[0] if len(beginnings) == 1 else None


def distance(left: str, right: str, limit: int) -> int:
    """Count insertions, deletions, replacements and swapped neighbours; stop above `limit`."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, mine in enumerate(left, start=1):
        current = [row]
        for column, other in enumerate(right, start=1):
            cost = min(
                above[column] + 1,
                current[column - 1] + 1,
                above[column - 1] + (mine != other),
            )
            is_swap = (
                row > 1 and column > 1 and mine == right[column - 2] and other == left[row - 2]
            )
            current.append(min(cost, before[column - 2] + 1) if is_swap else cost)
        if min(current) > limit:
            return limit + 1
        before, above = above, current
    return above[-1]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean X?)`, or nothing when no name is near."""
    found = nearest(name, known)
    return f" (did you mean {found}?)" if found else ""
