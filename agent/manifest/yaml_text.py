"""Which documents does a YAML text hold, and on which lines?

Built on the parser's events, not on its nodes: depth and size stay bounded while reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.manifest import gojson
from agent.manifest import yaml_scalars as scalars
from agent.manifest.document import MAX_DEPTH, MAX_VALUES, Document, Duplicate, TextError

_MERGE = "<<"


def read(text: str | bytes) -> Iterator[Document]:
    """Yield each document that has content; raises TextError where the text stops being YAML.

    Repeated keys are kept in `Document.duplicates`, the last one wins.
    """
    from yaml.error import YAMLError  # a TOML or JSON manifest does not pay for it

    composer = _Composer()
    try:
        events = _parser(text)
        while events.check_event():
            document = composer.feed(events.get_event())
            if document is not None:
                yield document
    except scalars.ScalarError as exc:
        raise TextError(str(exc), composer.line, exc.go_text) from exc
    except YAMLError as exc:
        raise _told(exc, text) from exc


def _parser(text: str | bytes) -> Any:
    """The C parser if PyYAML was built with it, else the pure one."""
    try:
        from yaml._yaml import CParser  # alone: the loaders around it cost a start 9 ms
    except ImportError:
        from yaml import SafeLoader

        return SafeLoader(text)
    return CParser(text)


class _Frame:
    """A mapping or sequence that is being read."""

    __slots__ = ("anchor", "key", "key_line", "lines", "merged", "value", "value_line", "weight")

    def __init__(self, value: dict[str, object] | list[object], anchor: str | None) -> None:
        self.value = value
        self.lines: Any = {} if isinstance(value, dict) else []
        self.anchor = anchor
        self.key: object = None
        self.key_line = self.value_line = 0
        self.merged: set[str] = set()
        self.weight = 1

    @property
    def wants_key(self) -> bool:
        return self.key is None and isinstance(self.value, dict)


class _Composer:
    """Turns events into documents."""

    def __init__(self) -> None:
        self.line = 1
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._document = Document(None)

    def feed(self, event: Any) -> Document | None:
        """Take one event; return the document that it completes."""
        kind = type(event).__name__
        if event.start_mark is not None:
            self.line = event.start_mark.line + 1
        match kind:
            case "ScalarEvent":
                self._scalar(event)
            case "MappingStartEvent":
                self._open({}, event.anchor)
            case "SequenceStartEvent":
                self._open([], event.anchor)
            case "MappingEndEvent" | "SequenceEndEvent":
                self._close()
            case "AliasEvent":
                self._alias(event.anchor)
            case "DocumentStartEvent":
                self._document, self._anchors = Document(None), {}
            case "DocumentEndEvent":
                return self._document
            case _:  # the stream begins or ends
                pass
        return None

    def _scalar(self, event: Any) -> None:
        plain, tag = event.implicit[0], event.tag or ""
        if self._stack and self._stack[-1].wants_key and event.value == _MERGE and plain:
            value: object = _MERGE_KEY
        else:
            value = scalars.resolve(tag, event.value) if tag or plain else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._begin()
        self._end(value, 1)

    def _alias(self, anchor: str) -> None:
        if any(frame.anchor == anchor for frame in self._stack):
            raise self._error(f"anchor '{anchor}' value contains itself")
        if anchor not in self._anchors:
            raise self._error(f"unknown anchor '{anchor}' referenced")
        self._begin()
        self._end(*self._anchors[anchor])

    def _open(self, value: dict[str, object] | list[object], anchor: str | None) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(f"is nested more than {MAX_DEPTH} deep")
        if self._stack and self._stack[-1].wants_key:
            raise self._error("a key must be a text, not a map or a list")
        self._begin()
        frame = _Frame(value, anchor)
        self._document.lines[id(value)] = frame.lines
        self._stack.append(frame)

    def _close(self) -> None:
        frame = self._stack.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, frame.weight)
        self._end(frame.value, frame.weight)

    def _begin(self) -> None:
        """Remember where a value begins."""
        if not self._stack:
            self._document.line = self.line
        elif isinstance(self._stack[-1].lines, list):
            self._stack[-1].lines.append(self.line)
        else:
            self._stack[-1].value_line = self.line

    def _end(self, value: object, weight: int) -> None:
        """Give a complete value to what holds it."""
        if not self._stack:
            self._document.value = value
            return
        frame = self._stack[-1]
        frame.weight += weight
        if frame.weight > MAX_VALUES:
            raise self._error(f"holds more than {MAX_VALUES} values, aliases included")
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            frame.key_line = self.line
            frame.key = _key(value)
        elif frame.key is _NULL_KEY:
            raise scalars.ScalarError(
                "a key may not be null",
                "unsupported map key of type: %!s(<nil>), key: <nil>, "
                f"value: {gojson.to_json(value)}",
            )
        elif frame.key is _MERGE_KEY:
            self._merge(frame, frame.value, value)
            frame.key = None
        else:
            self._set(frame, frame.value, str(frame.key), value)
            frame.key = None

    def _set(self, frame: _Frame, mapping: dict[str, object], key: str, value: object) -> None:
        first = frame.lines.get(key)
        if first is not None and key not in frame.merged:
            self._document.duplicates.append(
                Duplicate(mapping, key, frame.key_line, first, frame.value_line)
            )
        frame.merged.discard(key)
        frame.lines[key] = frame.key_line
        mapping[key] = value

    def _merge(self, frame: _Frame, mapping: dict[str, object], value: object) -> None:
        """`<<: *base`: as goyaml, members are set where the merge stands; the first base wins."""
        for base in reversed(value) if isinstance(value, list) else [value]:
            if not isinstance(base, dict):
                raise self._error("map merge requires map or sequence of maps as the value")
            lines = self._document.lines.get(id(base))
            for key, item in base.items():
                mapping[key] = item
                frame.lines[key] = lines[key] if isinstance(lines, dict) else frame.key_line
                frame.merged.add(key)

    def _error(self, text: str) -> TextError:
        return TextError(text, self.line, f"yaml: {text}")


#: Stands for the key `<<`, which is no key of the result.
_MERGE_KEY = object()
#: Stands for a null key until its value, which Go's message shows, is known.
_NULL_KEY = object()


def _key(value: object) -> object:
    if isinstance(value, str) or value is _MERGE_KEY:
        return value
    return _NULL_KEY if value is None else scalars.key_text(value)


def _told(error: Any, source: str | bytes) -> TextError:
    """Say in one line what the parser found, and how goyaml, which is the same parser, says it."""
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None)
    raw = source if isinstance(source, bytes) else source.encode(errors="surrogateescape")
    if problem is None:  # the reader: bytes that may not occur
        before = raw[: getattr(error, "position", 0)]
        reason = getattr(error, "reason", str(error))
        return TextError(f"is not YAML: {reason}", before.count(b"\n") + 1, f"yaml: {reason}")
    line = next((place.line for place in (mark, context) if place is not None), 0)
    go_line = mark.line if mark is not None else 0
    if go_line and type(error).__name__ == "ScannerError":
        go_line += 1
    go_line = go_line or (context.line if context is not None else 0)
    go_text = f"yaml: line {go_line}: {problem}" if go_line else f"yaml: {problem}"
    said = f"is not YAML: {problem}"
    lines = raw.decode(errors="replace").removesuffix("\n").split("\n")
    written = lines[line] if line < len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        said += " (indent with spaces, not with tabs)"
    elif error.context and context is not None:
        said += f" ({error.context} that begins on line {context.line + 1})"
    return TextError(said, min(line + 1, len(lines)), go_text)
