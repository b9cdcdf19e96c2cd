"""A whole body in protobuf: a prefix, and the object in an envelope that names its kind.

(apimachinery: pkg/runtime/serializer/protobuf)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from agent.api.protobuf import wire
from agent.api.protobuf.decode import Map, read_message
from agent.api.protobuf.encode import write_message
from agent.api.protobuf.tables import EVERYWHERE, KINDS
from agent.api.protobuf.wire import ProtobufError
from agent.manifest.decode import decode
from agent.model.base import Object
from agent.model.gotext import quote

ObjectT = TypeVar("ObjectT", bound=Object)

MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"
#: A body may have no more bytes, like one in JSON.
MAX_SIZE: Final = 3 * 1024 * 1024

_PREFIX: Final = b"k8s\x00"


class UnknownKindError(ProtobufError):
    """A body of a kind that is not read in protobuf; its author may try JSON."""


class ProtobufBody(msgspec.Struct, frozen=True):
    """What a body holds, as the same body in JSON would: with `apiVersion` and `kind`."""

    api_version: str
    kind: str
    value: Map


def read_body(data: bytes, *, api_version: str = "", kind: str = "") -> ProtobufBody:
    """Read a body; raises ProtobufError, UnknownKindError.

    `api_version` and `kind` are those of the endpoint, for a body that does not name its own.
    """
    if not data:
        raise ProtobufError("empty data")
    if len(data) > MAX_SIZE:
        raise ProtobufError(f"a body of more than {MAX_SIZE} bytes")
    if not data.startswith(_PREFIX):
        expected = " ".join(map(str, _PREFIX))
        raise ProtobufError(
            f"provided data does not appear to be a protobuf message, expected prefix [{expected}]"
        )
    envelope = _texts(data[len(_PREFIX) :])
    named = _texts(envelope.get(1, b""))
    api_version = named.get(1, b"").decode(errors="replace") or api_version
    kind = named.get(2, b"").decode(errors="replace") or kind
    if envelope.get(3):
        raise ProtobufError("the object in the body is encoded once more")
    if kind not in KINDS.get(api_version, ()) and kind not in EVERYWHERE:
        shown = f"{quote(kind)} of version {quote(api_version)}"
        raise UnknownKindError(f"kind {shown} is not read in protobuf")
    value = read_message(kind, envelope.get(2, b""))
    return ProtobufBody(api_version, kind, {"kind": kind, "apiVersion": api_version, **value})


def read_object(cls: type[ObjectT], data: bytes, *, api_version: str) -> ObjectT:
    """Read a body that must hold a `cls` of that API version; raises ProtobufError.

    Options, which belong to every API version, may name any.
    """
    found = read_body(data, api_version=api_version, kind=cls.__name__)
    expected = cls.__name__ in EVERYWHERE or found.api_version == api_version
    if found.kind != cls.__name__ or not expected:
        shown = f"{found.kind} in version {quote(found.api_version)}"
        raise ProtobufError(f"{shown} cannot be handled as a {cls.__name__}")
    decoded = decode(cls, found.value)
    if decoded.error is not None:
        raise ProtobufError(decoded.error)
    return decoded.object


def write_body(value: Mapping[str, Any]) -> bytes:
    """Write an object with `apiVersion` and `kind` of one of KINDS; raises UnknownKindError."""
    kind, api_version = value.get("kind", ""), value.get("apiVersion", "")
    if kind not in KINDS.get(api_version, ()) and kind not in EVERYWHERE:
        raise UnknownKindError(f"kind {quote(kind)} is not written in protobuf")
    named = wire.bytes_field(1, api_version.encode()) + wire.bytes_field(2, kind.encode())
    raw = write_message(kind, value)
    fields = ((1, named), (2, raw), (3, b""), (4, b""))
    return _PREFIX + b"".join(wire.bytes_field(number, part) for number, part in fields)


def _texts(data: bytes) -> dict[int, bytes]:
    """The fields of an envelope, which all hold bytes."""
    found: dict[int, bytes] = {}
    for number, wire_type, value in wire.read(data):
        if not isinstance(value, bytes):
            raise ProtobufError(f"proto: wrong wireType = {wire_type} for the envelope")
        found[number] = value
    return found
