"""How does a tree of plain values become an object of the model, and back?

`decode` finds everything that does not fit, in one pass, and answers both as Go's decoder would
(the first error, the list of strict errors) and for people (every finding with its path).
"""

from __future__ import annotations

import sys
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec

from agent.manifest import codecs
from agent.manifest.codecs import Codec
from agent.manifest.findings import Finding, FindingKind, Walk
from agent.model.base import Object

ObjectT = TypeVar("ObjectT", bound=Object)

#: Go's decoder keeps no more strict errors than this.
_MAX_STRICT_ERRORS = 100


class Decoded(msgspec.Struct, Generic[ObjectT], frozen=True):
    """What came of a value: the object as far as it could be read, and every finding in order."""

    object: ObjectT
    findings: tuple[Finding, ...]

    @property
    def error(self) -> str | None:
        """The text of the error with which Go's decoder gives up, None when it does not."""
        wrong = [f for f in self.findings if f.kind is FindingKind.TYPE]
        aborted = [f for f in self.findings if f.kind is FindingKind.ABORT]
        return (aborted or wrong)[0].go_text if aborted or wrong else None

    @property
    def strict_errors(self) -> tuple[str, ...]:
        """What only a strict decoder minds, in order: unknown and duplicate fields."""
        strict = (FindingKind.UNKNOWN, FindingKind.DUPLICATE)
        texts = [f.go_text for f in self.findings if f.kind in strict]
        return tuple(texts[:_MAX_STRICT_ERRORS])

    @property
    def unknown(self) -> tuple[Finding, ...]:
        """The fields that the type does not have."""
        return tuple(f for f in self.findings if f.kind is FindingKind.UNKNOWN)


def decode(cls: type[ObjectT], value: object) -> Decoded[ObjectT]:
    """Read `value` (dicts, lists, str, int, Number, bool, None) into `cls`; never raises.

    Names match exactly; null means the zero value; quantities become canonical
    (sigs.k8s.io/json, UnmarshalStrict).
    """
    walk = Walk()
    found = struct_codec(cls).read(walk, value, cls())
    assert isinstance(found, cls)
    return Decoded(found, tuple(walk.findings))


def encode(obj: Object) -> dict[str, Any]:
    """Return `obj` as plain values, as Kubernetes writes it; times are RFC 3339 texts."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(obj))
    return plain


def to_json(obj: Object) -> bytes:
    """Return `obj` as compact JSON."""
    return msgspec.json.encode(obj)


@cache
def struct_codec(cls: type[Object]) -> codecs.Struct:
    """Return the codec of a type of the model."""
    return codecs.Struct(cls, _field_codec)


@cache
def _field_codec(cls: type[Object], name: str) -> Codec:
    """The codec of one attribute, made when it first occurs.

    Resolving the annotations of all types at once takes 35 ms, of which an ordinary manifest
    needs a twentieth.
    """
    for owner in cls.__mro__:
        annotation = vars(owner).get("__annotations__", {}).get(name)
        if annotation is not None:
            return _codec(eval(annotation, vars(sys.modules[owner.__module__])))
    raise AttributeError(f"{cls.__name__} has no {name}")


def _codec(annotation: Any) -> Codec:
    """Choose the codec of a type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1].extra["go"])
    if origin in (Union, UnionType):
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return codecs.Pointer(_codec(inner))
    if origin is tuple:
        return codecs.Sequence(_codec(arguments[0]))
    if origin is dict:
        return codecs.Map(_codec(arguments[1]))
    if isinstance(annotation, type) and issubclass(annotation, Object):
        return struct_codec(annotation)
    if annotation is str:
        return codecs.Text()
    return codecs.Bool() if annotation is bool else codecs.Anything()


def _annotated(inner: Any, go_type: str) -> Codec:
    """Choose the codec of a type that carries a Go name."""
    match go_type:
        case "int32" | "int64":
            return codecs.Int(go_type)
        case "resource.Quantity":
            return codecs.QuantityText()
        case "intstr.IntOrString":
            return codecs.IntOrText()
        case "v1.Time" | "v1.MicroTime":
            return codecs.Instant(go_type)
        case "[]uint8":
            return codecs.Bytes()
        case "v1.ResourceList":
            return codecs.Map(codecs.QuantityText(), go_type)
        case _:
            assert inner is str
            return codecs.Text(go_type)
