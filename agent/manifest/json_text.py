"""Which value does a JSON text hold, and on which lines? Errors in the words of Go's encoding/json.

A parser of our own, because lines, repeated names, the text of numbers and the words of errors
are all needed, and the standard library keeps none of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out

from agent.manifest.document import MAX_DEPTH, Document, Duplicate, Members, Number, TextError
from agent.model.gotext import quote

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEX = re.compile("[0-9a-fA-F]{0,4}")
_LITERALS: dict[str, tuple[str, object]] = {
    "t": ("true", True),
    "f": ("false", False),
    "n": ("null", None),
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_END = "unexpected end of JSON input"


def read(text: str, *, max_depth: int = MAX_DEPTH) -> Document:
    """Return the one value of `text`; raises TextError.

    Bytes that are not UTF-8 may be given as surrogates (errors="surrogateescape"); inside a
    string they become U+FFFD, as in Go. Of repeated names the last wins (`Members` keeps all).
    """
    return _Reader(text, max_depth).document()


class _Reader:
    def __init__(self, text: str, max_depth: int) -> None:
        self._text = text
        self._depth_left = max_depth
        self._max_depth = max_depth
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._document = Document(None)

    def document(self) -> Document:
        start = self._skip(0)
        self._document.line = self._line(start)
        self._document.value, end = self._value(start)
        end = self._skip(end)
        if end < len(self._text):
            raise self._wrong(end, "after top-level value")
        return self._document

    def _value(self, at: int) -> tuple[object, int]:
        first = self._text[at : at + 1]
        if first == '"':
            return self._string(at)
        if first in ("{", "["):
            return self._nested(at)
        if first in _LITERALS:
            return self._literal(at)
        if first and first in "-0123456789":
            return self._number(at)
        raise self._wrong(at, "looking for beginning of value")

    def _nested(self, at: int) -> tuple[object, int]:
        if self._depth_left == 0:
            raise TextError(
                f"is nested more than {self._max_depth} deep", self._line(at), "exceeded max depth"
            )
        self._depth_left -= 1
        result = self._object(at + 1) if self._text[at] == "{" else self._array(at + 1)
        self._depth_left += 1
        return result

    def _object(self, at: int) -> tuple[dict[str, object], int]:
        pairs: list[tuple[str, object]] = []
        lines: dict[str, int] = {}
        repeated: list[tuple[str, int, int, int]] = []
        at = self._skip(at)
        if self._text[at : at + 1] == "}":
            return self._finish(dict(pairs), lines), at + 1
        while True:
            if self._text[at : at + 1] != '"':
                raise self._wrong(at, "looking for beginning of object key string")
            line = self._line(at)
            key, at = self._string(at)
            at = self._expect(at, ":", "after object key")
            if key in lines:
                repeated.append((key, line, lines[key], self._line(at)))
            lines[key] = line
            value, at = self._value(at)
            pairs.append((key, value))
            at = self._skip(at)
            if self._text[at : at + 1] == "}":
                break
            at = self._expect(at, ",", "after object key:value pair")
        members = self._finish(Members(pairs) if repeated else dict(pairs), lines)
        for key, line, first, value_line in repeated:
            self._document.duplicates.append(Duplicate(members, key, line, first, value_line))
        return members, at + 1

    def _finish(self, members: dict[str, object], lines: dict[str, int]) -> dict[str, object]:
        self._document.lines[id(members)] = lines
        return members

    def _array(self, at: int) -> tuple[list[object], int]:
        items: list[object] = []
        lines: list[int] = []
        self._document.lines[id(items)] = lines
        at = self._skip(at)
        if self._text[at : at + 1] == "]":
            return items, at + 1
        while True:
            lines.append(self._line(at))
            item, at = self._value(at)
            items.append(item)
            at = self._skip(at)
            if self._text[at : at + 1] == "]":
                return items, at + 1
            at = self._expect(at, ",", "after array element")

    def _string(self, at: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self._text, at + 1, True)
        except ValueError:
            raise self._string_error(at + 1) from None
        if not value.isascii():
            value = _SURROGATE.sub("\ufffd", value)
        return value, end

    def _string_error(self, at: int) -> TextError:
        """Find what the scanner stumbled over, in Go's words."""
        while True:
            match = _PLAIN.match(self._text, at)
            at = match.end() if match else at
            here = self._text[at : at + 1]
            if here != "\\":
                return self._wrong(at, "in string literal")
            escape = self._text[at + 1 : at + 2]
            at += 2
            if escape == "u":
                digits = _HEX.match(self._text, at)
                at = digits.end() if digits else at
                if digits is None or len(digits.group()) < 4:
                    return self._wrong(at, "in \\u hexadecimal character escape")
            elif escape not in set('"\\/bfnrt'):
                return self._wrong(at - 1, "in string escape code")

    def _literal(self, at: int) -> tuple[object, int]:
        word, value = _LITERALS[self._text[at]]
        for offset, letter in enumerate(word):
            if self._text[at + offset : at + offset + 1] != letter:
                raise self._wrong(at + offset, f"in literal {word} (expecting {_shown(letter)})")
        return value, at + len(word)

    def _number(self, at: int) -> tuple[object, int]:
        match = _NUMBER.match(self._text, at)
        if match is None:
            raise self._wrong(at + 1, "in numeric literal")
        text, end = match.group(), match.end()
        after = self._text[end : end + 1]
        if after == "." and match[2] is None and match[3] is None:
            raise self._wrong(end + 1, "after decimal point in numeric literal")
        if after and after in "eE" and match[3] is None:
            signed = self._text[end + 1 : end + 2] in ("+", "-")
            raise self._wrong(end + 1 + signed, "in exponent of numeric literal")
        if text == match[1] and len(text) < 400 and text != "-0":
            return int(text), end
        return Number(float(text), text), end

    def _expect(self, at: int, character: str, context: str) -> int:
        at = self._skip(at)
        if self._text[at : at + 1] != character:
            raise self._wrong(at, context)
        return self._skip(at + 1)

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _wrong(self, at: int, context: str) -> TextError:
        if at >= len(self._text):
            return TextError(f"is not JSON: {_END}", self._line(len(self._text)), _END)
        go_text = f"invalid character {_shown(self._text[at])} {context}"
        column = at - self._line_starts[self._line(at) - 1] + 1
        return TextError(f"is not JSON: {go_text} (column {column})", self._line(at), go_text)

    def _line(self, at: int) -> int:
        return bisect_right(self._line_starts, at)


def _shown(character: str) -> str:
    """Go's quoteChar, which sees the first byte of a character."""
    if character == "'":
        return "'\\''"
    if character == '"':
        return "'\"'"
    byte = character.encode(errors="surrogateescape")[:1].decode("latin-1")
    return f"'{quote(byte)[1:-1]}'"
