"""Which values does a JSONPath find in an object? kubectl's grammar (client-go: util/jsonpath).

{.items[*].metadata.name}   {range .items[*]}{.metadata.name}{"\\n"}{end}
{.status.conditions[?(@.type=="Ready")].status}   {..image}   {.metadata['name','uid']}
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from agent.cli.client.errors import ClientError

#: From some values to what one step finds in them.
Step = Callable[[list[Any]], list[Any]]

_FIELD = re.compile(r"(?:\\.|[^\s.,\[\]$@{}\\])+")
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_BLOCK = re.compile(rf"\{{((?:{_QUOTED}|[^{{}}'\"])*)\}}")
_NAMES = re.compile(rf"\s*(?:{_QUOTED})(?:\s*,\s*(?:{_QUOTED}))*\s*\Z")
_INDICES = re.compile(r"\s*-?\d+(?:\s*,\s*-?\d+)*\s*\Z")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?\Z")
_FILTER = re.compile(
    rf"\?\(\s*((?:{_QUOTED}|[^'\"=!<>])+?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?\)\Z", re.DOTALL
)
_BRACKET = re.compile(rf"\[((?:{_QUOTED}|\[(?:{_QUOTED}|[^'\"\[\]])*\]|[^'\"\[\]])*)\]")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Path(msgspec.Struct, frozen=True):
    """Steps from the root (`$`) or from where a range stands."""

    steps: tuple[Step, ...]
    is_absolute: bool = False

    def find(self, here: Any, root: Any = None) -> list[Any]:
        """The values that it leads to; what is not there is left out."""
        values = [root if self.is_absolute and root is not None else here]
        for step in self.steps:
            values = step(values)
        return values


class Range(msgspec.Struct, frozen=True):
    """Parts that are written for each value of a path."""

    path: Path
    parts: tuple[Part, ...]


Part = str | Path | Range


class Template(msgspec.Struct, frozen=True):
    """A text with paths in it."""

    parts: tuple[Part, ...]

    def render(self, root: Any) -> str:
        """The text for one object."""
        return "".join(_rendered(self.parts, root, root))


def parse(template: str) -> Template:
    """Read a template; ClientError."""
    stack: list[tuple[Path | None, list[Part]]] = [(None, [])]
    for token, is_block in _tokens(template):
        parts = stack[-1][1]
        if not is_block:
            parts.append(token)
        elif token[:1] in ("'", '"'):
            parts.append(_literal(token))
        elif token == "end":
            path, inner = stack.pop()
            if path is None:
                raise _wrong(template, "not in range, nothing to end")
            stack[-1][1].append(Range(path, tuple(inner)))
        elif re.match(r"range\s", token):
            stack.append((parse_path(token[5:].strip()), []))
        else:
            parts.append(parse_path(token))
    if len(stack) > 1:
        raise _wrong(template, "unclosed range: {end} is missing")
    return Template(tuple(stack[0][1]))


def parse_relaxed(expression: str) -> Path:
    """The path of `--sort-by` and custom columns, whose braces and first dot may be left out."""
    inner = expression.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    if not inner or "{" in inner or "}" in inner:
        raise ClientError(
            f"unexpected path string, expected a 'name1.name2' or '.name1.name2' or "
            f"'{{name1.name2}}' or '{{.name1.name2}}', not {expression!r}"
        )
    return parse_path(inner if inner[0] in ".[$@" else f".{inner}")


def parse_path(text: str) -> Path:
    """Read a path without braces; ClientError."""
    rest = text
    is_absolute = rest.startswith("$")
    rest = rest.lstrip() if rest[:1] not in ("$", "@") else rest[1:]
    steps: list[Step] = []
    while rest:
        step, rest = _step(text, rest)
        steps.append(step)
    return Path(tuple(steps), is_absolute)


def show(value: Any) -> str:
    """A value as it is printed: texts as they are, what has parts as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return msgspec.json.encode(value, order="sorted").decode()


def _tokens(template: str) -> Iterator[tuple[str, bool]]:
    """Plain texts, and the insides of braces."""
    at = 0
    for block in _BLOCK.finditer(template):
        if block.start() > at:
            yield template[at : block.start()], False
        yield block[1].strip(), True
        at = block.end()
    if "{" in template[at:]:
        raise _wrong(template, "unclosed action")
    if at < len(template):
        yield template[at:], False


def _rendered(parts: Sequence[Part], here: Any, root: Any) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Path):
            yield " ".join(map(show, part.find(here, root)))
        else:
            for value in part.path.find(here, root):
                yield from _rendered(part.parts, value, root)


def _step(text: str, rest: str) -> tuple[Step, str]:
    """The first step of what is left, and what is left then."""
    if rest.startswith(".."):
        tail = rest[2:]
        return _descendants, tail if tail[:1] == "[" else f".{tail}"
    if rest.startswith("["):
        bracket = _BRACKET.match(rest)
        if bracket is None:
            raise _wrong(text, "unterminated array")
        return _bracket(text, bracket[1]), rest[bracket.end() :]
    if rest.startswith("."):
        rest = rest[1:]
        if not rest or rest[0] == "[":
            return list, rest  # `.` alone is the object itself
    if rest.startswith("*"):
        return _children, rest[1:]
    field = _FIELD.match(rest)
    if field is None:
        raise _wrong(text, f"unrecognized character in action: {rest[:1]!r}")
    return _fields([re.sub(r"\\(.)", r"\1", field[0])]), rest[field.end() :]


def _bracket(text: str, inside: str) -> Step:
    if inside.strip() == "*":
        return _children
    if _NAMES.match(inside):
        return _fields([_literal(name) for name in re.findall(_QUOTED, inside)])
    if _INDICES.match(inside):
        return _indices([int(number) for number in inside.split(",")])
    if part := _SLICE.match(inside):
        return _slice(slice(*(int(number) if number else None for number in part.groups())))
    if condition := _FILTER.match(inside.strip()):
        return _filter(*condition.groups())
    if _FIELD.fullmatch(inside.strip()):
        return _fields([inside.strip()])
    raise _wrong(text, f"invalid array index {inside}")


def _fields(names: Sequence[str]) -> Step:
    return lambda values: [
        value[name]
        for name in names
        for value in values
        if isinstance(value, dict) and name in value
    ]


def _children(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            found += [value[name] for name in sorted(value)]
        elif isinstance(value, list):
            found += value
    return found


def _descendants(values: list[Any]) -> list[Any]:
    """The values themselves, and all that is in them."""
    found: list[Any] = []
    for value in values:
        found += [value, *_descendants(_children([value]))]
    return found


def _indices(numbers: Sequence[int]) -> Step:
    return lambda values: [
        value[number]
        for value in values
        if isinstance(value, list)
        for number in numbers
        if -len(value) <= number < len(value)
    ]


def _slice(part: slice) -> Step:
    return lambda values: [
        item for value in values if isinstance(value, list) for item in value[part]
    ]


def _filter(left: str, comparison: str | None, right: str | None) -> Step:
    """Items for which a comparison holds, or in which something is there."""
    path = parse_path(left)
    other = _operand(right) if right is not None else None

    def holds(item: Any) -> bool:
        found = path.find(item)
        if comparison is None or other is None:
            return bool(found)
        wanted = other(item)
        return bool(found and wanted) and _compared(comparison, found[0], wanted[0])

    return lambda values: [item for item in _children(values) if holds(item)]


def _compared(comparison: str, left: Any, right: Any) -> bool:
    try:
        return _COMPARE[comparison](left, right)
    except TypeError:
        return False


def _operand(text: str) -> Callable[[Any], list[Any]]:
    """What is on the right of a comparison: a text, a number, true, false, or a path."""
    if text[0] in "'\"":
        value: Any = _literal(text)
        return lambda _: [value]
    if text[0] in "@$.":
        return parse_path(text).find
    try:
        number = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise _wrong(text, "unrecognized value in a filter") from None
    return lambda _: [number]


def _literal(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        raise _wrong(text, "unterminated quoted string") from None


def _wrong(template: str, why: str) -> ClientError:
    return ClientError(f"error parsing jsonpath {template}, {why}")
