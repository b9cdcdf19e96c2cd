"""OpenAPI v3 of every kind, made from the model: what `kubectl explain` and validation read.

A field's description is that of its type, and says so where a bare host does not honour it.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from agent.api.machinery.openapi_paths import paths
from agent.api.machinery.registry import Registry
from agent.api.machinery.resource import Resource
from agent.manifest.unsupported import notes
from agent.model.api import Status
from agent.model.base import Object
from agent.model.meta import ListMeta

_PREFIX = "io.k8s.api."
_FORMATS: dict[str, dict[str, Any]] = {
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "resource.Quantity": {"type": "string"},
    "intstr.IntOrString": {"type": "string", "format": "int-or-string"},
    "v1.Time": {"type": "string", "format": "date-time"},
    "v1.MicroTime": {"type": "string", "format": "date-time"},
    "[]uint8": {"type": "string", "format": "byte"},
    "v1.ResourceList": {"type": "object", "additionalProperties": {"type": "string"}},
}
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
}
_META = "agent.model.meta"


class Document(msgspec.Struct, frozen=True):
    """A document and what tells it from others; the index has no hash."""

    body: bytes
    hash: str = ""


def documents(registry: Registry) -> dict[str, Document]:
    """By path below `/openapi/`: the index `v3`, and one for each version of each group."""
    found: dict[str, Document] = {}
    index: dict[str, Any] = {}
    for group in ("", *registry.groups()):
        for version in registry.versions(group):
            name = f"apis/{group}/{version}" if group else f"api/{version}"
            body = msgspec.json.encode(_document(registry.of(group, version)))
            digest = hashlib.sha256(body).hexdigest()
            found[f"v3/{name}"] = Document(body, digest)
            index[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}
    found["v3"] = Document(msgspec.json.encode({"paths": index}))
    return found


def _document(resources: tuple[Resource, ...]) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    found: dict[str, Any] = {}
    _add(ListMeta, schemas)
    _add(Status, schemas)
    for resource in resources:
        model = resource.wire_model
        _add(model, schemas)
        gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        schemas[_name(model)]["x-kubernetes-group-version-kind"] = [gvk]
        found |= paths(resource, _reference(model), _reference(ListMeta), _reference(Status))
    return {
        "openapi": "3.0.0",
        "info": {"title": "barepod", "version": "unversioned"},
        "paths": found,
        "components": {"schemas": schemas},
    }


def _add(model: type[Object], schemas: dict[str, Any]) -> None:
    """The schema of a type and of all that it is made of."""
    name = _name(model)
    if name in schemas:
        return
    schema: dict[str, Any] = {"type": "object", "description": _description(model)}
    schemas[name] = schema
    properties: dict[str, Any] = {}
    told = notes().get(model.__name__, {})
    for attribute, written in zip(
        model.__struct_fields__, model.__struct_encode_fields__, strict=True
    ):
        made = _schema(_annotation(model, attribute), schemas)
        if attribute in told:
            made = _with_note(made, told[attribute])
        properties[written] = made
    schema["properties"] = properties


def _with_note(schema: dict[str, Any], note: str) -> dict[str, Any]:
    before = schema.get("description", "")
    return {**schema, "description": f"{before} {note}".strip()}


@cache
def _annotation(model: type[Object], attribute: str) -> Any:
    for owner in model.__mro__:
        annotation = vars(owner).get("__annotations__", {}).get(attribute)
        if annotation is not None:
            return eval(annotation, vars(sys.modules[owner.__module__]))
    raise AttributeError(f"{model.__name__} has no {attribute}")


def _schema(annotation: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        go_type = arguments[1].extra["go"]
        known = _FORMATS.get(go_type)
        return dict(known) if known else _schema(arguments[0], schemas)
    if origin in (Union, UnionType):
        return _schema(next(one for one in arguments if one is not NoneType), schemas)
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], schemas)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], schemas)}
    if isinstance(annotation, type) and issubclass(annotation, Object):
        _add(annotation, schemas)
        return {"allOf": [_reference(annotation)], "description": _description(annotation)}
    return dict(_PLAIN.get(annotation, {"type": "object"}))


def _reference(model: type[Object]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{_name(model)}"}


def _name(model: type[Object]) -> str:
    """The name of a schema, after Kubernetes' package where clients go by it."""
    if model.__module__ == _META:
        return f"io.k8s.apimachinery.pkg.apis.meta.v1.{model.__name__}"
    package = {"agent.model.events_v1": "events", "agent.model.lease": "coordination"}
    return f"{_PREFIX}{package.get(model.__module__, 'core')}.v1.{model.__name__}"


def _description(model: type[Object]) -> str:
    return cleandoc(model.__doc__ or "")
