"""Where do two trees of plain values differ first?"""

from __future__ import annotations


def difference(got: object, expected: object, path: str = "") -> str | None:
    """Return one line that names the first difference, None when there is none."""
    if isinstance(got, dict) and isinstance(expected, dict):
        for key in (*expected, *(key for key in got if key not in expected)):
            place = f"{path}.{key}" if path else str(key)
            if key not in got:
                return f"{place}: missing, expected {expected[key]!r}"
            if key not in expected:
                return f"{place}: got {got[key]!r}, expected nothing"
            found = difference(got[key], expected[key], place)
            if found is not None:
                return found
        return None
    if isinstance(got, list) and isinstance(expected, list) and len(got) == len(expected):
        for index, (left, right) in enumerate(zip(got, expected, strict=True)):
            found = difference(left, right, f"{path}[{index}]")
            if found is not None:
                return found
        return None
    if type(got) is type(expected) and got == expected:
        return None
    return f"{path}: got {got!r}, expected {expected!r}"
