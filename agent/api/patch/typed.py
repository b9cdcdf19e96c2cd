"""How does a tree of plain values become an object after a strategic merge?

The API server does not go through JSON there; it has other words for what does not fit, takes
1.0 for an integer, and lets a number that is too big overflow.
(apimachinery: pkg/runtime/converter.go, FromUnstructuredWithValidation)
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from agent.api.patch.values import Map, kind_name
from agent.manifest import base64_text, codecs
from agent.manifest.codecs import Codec
from agent.manifest.decode import decode, struct_codec
from agent.manifest.document import Number
from agent.manifest.findings import Walk
from agent.model.base import Object

ObjectT = TypeVar("ObjectT", bound=Object)


class TypedError(Exception):
    """A value that its type does not take; the text is the API server's."""


class Typed(msgspec.Struct, Generic[ObjectT], frozen=True):
    """An object, and the strict errors about members that its type does not have."""

    object: ObjectT
    unknown: tuple[str, ...]


def read(cls: type[ObjectT], value: Map) -> Typed[ObjectT]:
    """Read plain values into an object; raises TypedError."""
    reader = _Reader()
    plain = reader.read(struct_codec(cls), value, "")
    decoded = decode(cls, plain)
    if decoded.error is not None:
        raise TypedError(decoded.error)
    return Typed(decoded.object, tuple(sorted(reader.unknown)))


class _Reader:
    def __init__(self) -> None:
        self.unknown: list[str] = []

    def read(self, codec: Codec, value: Any, path: str) -> Any:
        """Return `value` as the decoder of the model takes it; raises TypedError."""
        if value is None:
            return None
        match codec:
            case codecs.Pointer():
                return self.read(codec.inner, value, path)
            case codecs.Struct():
                return self._struct(codec, value, path)
            case codecs.Map():
                return self._map(codec, value, path)
            case codecs.Sequence():
                return self._list(codec, value, path)
            case _:
                return _scalar(codec, value)

    def _struct(self, codec: codecs.Struct, value: Any, path: str) -> Map:
        if not isinstance(value, dict):
            raise TypedError(f"cannot restore struct from: {kind_name(value)}")
        result: Map = {}
        for name in codec.names:
            member = codec.member(name)
            if name in value and member is not None:
                result[name] = self.read(member, value[name], _under(path, name))
        for name in value:
            if name not in result:
                self.unknown.append(f'unknown field "{_under(path, name)}"')
        return result

    def _map(self, codec: codecs.Map, value: Any, path: str) -> Map:
        if not isinstance(value, dict):
            raise TypedError(f"cannot restore map from {kind_name(value)}")
        return {name: self.read(codec.item, item, path) for name, item in value.items()}

    def _list(self, codec: codecs.Sequence, value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise TypedError(f"cannot restore slice from {kind_name(value)}")
        return [self.read(codec.item, item, f"{path}[{index}]") for index, item in enumerate(value)]


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _scalar(codec: Codec, value: Any) -> Any:
    match codec:
        case codecs.Text():
            return _text(codec, value)
        case codecs.Bool():
            if not isinstance(value, bool):
                raise TypedError("unrecognized type: bool")
            return value
        case codecs.Int():
            return _int(codec, value)
        case codecs.Bytes():
            return _bytes(value)
        case codecs.Anything():
            return value
        case _:
            return _reads_itself(codec, value)


def _text(codec: codecs.Text, value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) is int:
        raise TypedError(f"cannot convert int64 to {codec.go_type}")
    raise TypedError("unrecognized type: string")


def _int(codec: codecs.Int, value: Any) -> int:
    """An integer of the type's size; what is too big overflows."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypedError(f"unrecognized type: {codec.go_type}")
    if isinstance(value, float) and not value.is_integer():
        raise TypedError(f"cannot convert float64 to {codec.go_type}")
    half: int = 2 ** (int(codec.go_type.removeprefix("int")) - 1)
    return (int(value) + half) % (2 * half) - half


def _bytes(value: Any) -> str:
    if not isinstance(value, str):
        raise TypedError(f"cannot restore slice from {kind_name(value)}")
    wrong = base64_text.error_at(value.encode(errors="replace"))
    if wrong is not None:
        raise TypedError(f"error decoding from json: illegal base64 data at input byte {wrong}")
    return value


def _reads_itself(codec: Codec, value: Any) -> Any:
    """A quantity, a time, a number or name: their types bring their own readers, and words."""
    walk = Walk()
    codec.read(walk, _as_written(value), codec.zero())
    if walk.findings:
        raise TypedError(walk.findings[0].go_text)
    return _as_written(value)


def _as_written(value: Any) -> Any:
    """A float as the JSON reader would give it."""
    if isinstance(value, float):
        return Number(value, repr(value).removesuffix(".0"))
    return value
