"""Label selectors: as text, and as objects (apimachinery: pkg/labels/selector.go, meta/v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from agent.api.selectors.error import SelectorError
from agent.api.selectors.requirement import Operator, Requirement, check_key, requirement
from agent.model.gotext import quote
from agent.model.meta import LabelSelector

_SPACE: Final = " \t\r\n"
_SYMBOLS: Final = "=!(),><"
_PAIRS: Final = ("==", "!=")
_KEYWORDS: Final = ("in", "notin")
_END: Final = "end"
_WORD: Final = "word"
_OPERATORS: Final = "in, notin, =, ==, !=, gt, lt"
_MEANINGS: Final = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
}


class Labels(msgspec.Struct, frozen=True):
    """A label selector; without requirements it means everything, unless it means nothing."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the selector asks for nothing in particular."""
        return not self.requirements and not self.nothing

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether an object with these labels is meant."""
        return not self.nothing and all(part.matches(labels) for part in self.requirements)

    def __str__(self) -> str:
        """The canonical text."""
        return ",".join(map(str, self.requirements))

    @property
    def formatted(self) -> str:
        """How the selector is shown to people (meta/v1, FormatLabelSelector)."""
        return str(self) or "<none>"


def parse(text: str) -> Labels:
    """Return the selector of a `labelSelector`; raises SelectorError."""
    return _sorted(_Parser(text).requirements())


def of(selector: LabelSelector | None) -> Labels:
    """Return the selector of an object; none selects nothing, an empty one everything.

    Raises SelectorError. (meta/v1: LabelSelectorAsSelector)
    """
    if selector is None:
        return Labels(nothing=True)
    parts = [
        requirement(key, Operator.EQUALS, (value,)) for key, value in selector.match_labels.items()
    ]
    for expression in selector.match_expressions:
        operator = _MEANINGS.get(expression.operator)
        if operator is None:
            wrong = f"{quote(expression.operator)} is not a valid label selector operator"
            raise SelectorError(wrong)
        parts.append(requirement(expression.key, operator, expression.values))
    return _sorted(parts)


def _sorted(parts: list[Requirement]) -> Labels:
    return Labels(tuple(sorted(parts, key=lambda part: part.key)))


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    """Take a selector apart; the last token is the end."""
    found: list[_Token] = []
    at = 0
    while at < len(text):
        start = at
        if text[at] in _SPACE:
            at += 1
            continue
        if text[at] in _SYMBOLS:
            at = _symbol_end(text, at)
            found.append(_Token(text[start:at], text[start:at]))
            continue
        while at < len(text) and text[at] not in _SPACE + _SYMBOLS:
            at += 1
        word = text[start:at]
        found.append(_Token(word if word in _KEYWORDS else _WORD, word))
    return [*found, _Token(_END, "")]


def _symbol_end(text: str, start: int) -> int:
    """The longest symbol from `start`."""
    return start + (2 if text[start : start + 2] in _PAIRS else 1)


class _Parser:
    def __init__(self, text: str) -> None:
        self._waiting = _tokens(text)[::-1]

    def requirements(self) -> list[Requirement]:
        """The whole selector."""
        found: list[Requirement] = []
        if self._next().kind == _END:
            return found
        if self._next().kind not in (_WORD, "!"):
            expected = "expected: !, identifier, or 'end of string'"
            raise SelectorError(f"found '{self._next().text}', {expected}")
        while True:
            try:
                found.append(self._requirement())
            except SelectorError as exc:
                raise SelectorError(f"unable to parse requirement: {exc}") from exc
            after = self._take()
            if after.kind == _END:
                return found
            if after.kind != ",":
                raise _unexpected(after, "',' or 'end of string'")
            if self._next().kind not in (_WORD, "!"):
                raise _unexpected(self._next(), "identifier after ','")

    def _next(self, *, words: bool = True) -> _Token:
        """The token ahead; `in` and `notin` are words where no operator can stand."""
        token = self._waiting[-1]
        return _Token(_WORD, token.text) if words and token.kind in _KEYWORDS else token

    def _take(self, *, words: bool = True) -> _Token:
        token = self._next(words=words)
        if len(self._waiting) > 1:
            self._waiting.pop()
        return token

    def _requirement(self) -> Requirement:
        token = self._take()
        absent = token.kind == "!"
        if absent:
            token = self._take()
        if token.kind != _WORD:
            raise _unexpected(token, "identifier")
        check_key(token.text)
        if absent:
            return requirement(token.text, Operator.DOES_NOT_EXIST)
        if self._next().kind in (_END, ","):
            return requirement(token.text, Operator.EXISTS)
        operator = self._operator()
        values = self._values() if operator in _KEYWORDS else self._value()
        return requirement(token.text, operator, sorted(values))

    def _operator(self) -> Operator:
        token = self._take(words=False)
        if token.kind in ("=", "==", "!=", ">", "<", *_KEYWORDS):
            return Operator(token.kind)
        raise _unexpected(token, _OPERATORS)

    def _value(self) -> set[str]:
        if self._next().kind in (_END, ","):
            return {""}
        token = self._take()
        if token.kind != _WORD:
            raise _unexpected(token, "identifier")
        return {token.text}

    def _values(self) -> set[str]:
        """A list in parentheses; what stands between two commas is an empty value."""
        token = self._take()
        if token.kind != "(":
            raise SelectorError(f"found '{token.text}' expected: '('")
        values: set[str] = set()
        if self._next().kind == ")":
            values.add("")
        elif self._next().kind not in (_WORD, ","):
            raise _unexpected(self._next(), "',', ')' or identifier")
        while self._next().kind != ")":
            self._item(values)
        self._take()
        return values

    def _item(self, values: set[str]) -> None:
        token = self._take()
        if token.kind == _WORD:
            values.add(token.text)
            if self._next().kind not in (",", ")"):
                raise _unexpected(self._next(), "',' or ')'")
        elif token.kind == ",":
            if not values or self._next().kind in (",", ")"):
                values.add("")
            if self._next().kind == ",":
                self._take()
        else:
            raise _unexpected(token, "',', or identifier")


def _unexpected(token: _Token, expected: str) -> SelectorError:
    return SelectorError(f"found '{token.text}', expected: {expected}")
