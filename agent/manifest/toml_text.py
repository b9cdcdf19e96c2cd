"""Which value does a TOML text hold, and on which lines?"""

from __future__ import annotations

import re
from datetime import date, datetime, time

from agent.manifest.document import MAX_DEPTH, Document, Lines, Part, TextError
from agent.manifest.yaml_scalars import ScalarError, resolve_float

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_MEMBER = re.compile(rf"\s*({_DOTTED})\s*=")
_ONE_KEY = re.compile(_KEY)
_FENCE = re.compile(r'"""|\'\'\'')
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read(text: str) -> Document:
    """Return the table of `text`; raises TextError.

    The parser keeps no positions, so lines come from a light scan: a member that stands inside an
    inline table or array has the line of the statement that begins it.
    """
    import tomli  # only a TOML manifest pays for it

    try:
        value = _plain(tomli.loads(text), 0)
    except tomli.TOMLDecodeError as exc:
        place = _PLACE.search(str(exc))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise TextError(f"is not TOML: {_PLACE.sub('', str(exc))}", line) from exc
    except (RecursionError, ScalarError) as exc:
        raise TextError(f"is not a manifest: {exc}", 1) from exc
    document = Document(value)
    _number_lines(document.lines, value, text)
    return document


def _plain(value: object, depth: int) -> object:
    """Reduce to what the other formats hold; dates become the text that Kubernetes expects."""
    if depth > MAX_DEPTH:
        raise ScalarError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, float):
        return resolve_float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat().replace("+00:00", "Z")
    return value


def _number_lines(lines: Lines, root: object, text: str) -> None:
    """Walk the statements of `text` beside the value that they made."""
    here: list[Part] = []
    seen: dict[tuple[Part, ...], int] = {}
    fence = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if fence:
            fence = _after_fences(line, fence)
            continue
        table = _TABLE.match(line)
        if table is not None:
            here = _resolve(root, _keys(table[2]), seen, grows=table[1] == "[[")
            _mark(lines, root, here, number)
            continue
        member = _MEMBER.match(line)
        if member is not None:
            _mark(lines, root, [*here, *_keys(member[1])], number)
        fence = _after_fences(line, "")


def _keys(dotted: str) -> list[str]:
    return [key.strip("\"'") for key in _ONE_KEY.findall(dotted)]


def _after_fences(line: str, fence: str) -> str:
    """The quotes of the multi-line string that is open after `line`, empty when none is."""
    for found in _FENCE.findall(line):
        fence = found if not fence else "" if found == fence else fence
    return fence


def _resolve(
    root: object, keys: list[str], seen: dict[tuple[Part, ...], int], *, grows: bool
) -> list[Part]:
    """The path of a table header; inside an array of tables it means the last one so far."""
    path: list[Part] = []
    value = root
    for position, key in enumerate(keys):
        path.append(key)
        value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, list):
            is_new = grows and position == len(keys) - 1
            count = seen.get(tuple(path), 0) + is_new
            seen[tuple(path)] = count
            path.append(max(count - 1, 0))
            value = value[count - 1] if 0 < count <= len(value) else None
    return path


def _mark(lines: Lines, root: object, path: list[Part], number: int) -> None:
    """Give every step of `path` that has no line yet this one."""
    here = root
    for part in path:
        if isinstance(here, dict) and part in here:
            known = lines.setdefault(id(here), {})
            if isinstance(known, dict):
                known.setdefault(str(part), number)
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            known = lines.setdefault(id(here), [])
            while isinstance(known, list) and len(known) <= part:
                known.append(number)
            here = here[part]
        else:
            return
