"""explain: the schema of a kind as text (kubectl: pkg/explain/v2, templates/plaintext.tmpl)."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from agent.cli.client.errors import ClientError
from agent.cli.client.kinds import Kind
from agent.cli.client.session import Session
from agent.model.gotext import quote

_WIDTH = 80
_GVK = "x-kubernetes-group-version-kind"


class Schemas:
    """The schemas of one version of a group."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._all: dict[str, Any] = document["components"]["schemas"]

    def of(self, kind: Kind) -> dict[str, Any]:
        """The schema of a kind; ClientError."""
        wanted = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        for schema in self._all.values():
            if wanted in schema.get(_GVK, ()):
                found: dict[str, Any] = schema
                return found
        raise ClientError(f"couldn't find resource for {quote(kind.full_plural)}")

    def inner(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What the fields of a field are in: itself, or what it refers to or is made of."""
        for one in (schema, *schema.get("allOf", ())):
            if "$ref" in one:
                referred: dict[str, Any] = self._all[one["$ref"].rpartition("/")[2]]
                return self.inner(referred)
        if "items" in schema:
            return self.inner(schema["items"])
        more = schema.get("additionalProperties")
        return self.inner(more) if isinstance(more, dict) and "properties" not in schema else schema

    def type_name(self, schema: dict[str, Any]) -> str:
        """`[]Container`, `map[string]string`, `integer`."""
        for one in (schema, *schema.get("allOf", ())):
            if "$ref" in one:
                return str(one["$ref"]).rpartition(".")[2]
        if schema.get("type") == "array":
            return f"[]{self.type_name(schema['items'])}"
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            return f"map[string]{self.type_name(more)}"
        kind = str(schema.get("type", ""))
        return "Object" if kind == "object" else kind or "Object"

    def description(self, schema: dict[str, Any]) -> str:
        """Its own text, else that of what it refers to; not that of its items."""
        return next(self.descriptions({**schema, "items": {}}), "")

    def descriptions(self, schema: dict[str, Any]) -> Iterator[str]:
        """Its own text, then those of what it is made of."""
        if schema.get("description"):
            yield schema["description"]
        for one in (schema, *schema.get("allOf", ())):
            if "$ref" in one:
                yield from self.descriptions(self._all[one["$ref"].rpartition("/")[2]])
        if "items" in schema:
            yield from self.descriptions(schema["items"])


def explain(session: Session, path: str, api_version: str, *, is_recursive: bool) -> None:
    """Print what a kind or a field of it is; ClientError."""
    name, *fields = path.rstrip(".").split(".")
    kind = _kind(session, name, api_version)
    group = f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"
    schemas = Schemas(session.server.ask("GET", f"/openapi/v3/{group}"))
    schema = schemas.of(kind)
    for number, field in enumerate(fields, 1):
        found = schemas.inner(schema).get("properties", {}).get(field)
        if found is None:
            _write([*_heading(kind), ""])
            raise ClientError(f"field {quote('.'.join(fields[:number]))} does not exist")
        schema = found
    lines = _heading(kind)
    if fields:
        lines += ["", f"FIELD: {fields[-1]} <{schemas.type_name(schema)}>", ""]
    _write([*lines, "", *_text(schemas, schema), *_fields(schemas, schema, is_recursive), ""])


def _kind(session: Session, name: str, api_version: str) -> Kind:
    kind = session.kinds.named(name)
    if not api_version or api_version == kind.api_version:
        return kind
    for one in session.kinds:
        if (one.api_version, one.kind) == (api_version, kind.kind):
            return one
    raise ClientError(f"couldn't find resource for {quote(f'{api_version}, Kind={kind.kind}')}")


def _heading(kind: Kind) -> list[str]:
    group = [f"GROUP:      {kind.group}"] if kind.group else []
    return [*group, f"KIND:       {kind.kind}", f"VERSION:    {kind.version}"]


def _text(schemas: Schemas, schema: dict[str, Any]) -> list[str]:
    told = [line for text in schemas.descriptions(schema) for line in _wrapped(text, 4)]
    return ["DESCRIPTION:", *([*told, "    "] if told else ["    <empty>"])]


def _fields(schemas: Schemas, schema: dict[str, Any], is_recursive: bool) -> list[str]:
    inner = schemas.inner(schema)
    if not inner.get("properties"):
        return []
    if is_recursive:
        return ["FIELDS:", *_tree(schemas, inner, 1, ())]
    lines = ["FIELDS:"]
    for name, field in sorted(inner["properties"].items()):
        needed = " -required-" if name in inner.get("required", ()) else ""
        lines.append(f"  {name}\t<{schemas.type_name(field)}>{needed}")
        told = schemas.description(field)
        lines += [*(_wrapped(told, 4) if told else ["    <no description>"]), ""]
    return lines


def _tree(
    schemas: Schemas, schema: dict[str, Any], level: int, above: tuple[int, ...]
) -> Iterator[str]:
    """All fields below, but for those that hold themselves."""
    for name, field in sorted(schema.get("properties", {}).items()):
        yield f"{'  ' * level}{name}\t<{schemas.type_name(field)}>"
        inner = schemas.inner(field)
        if id(inner) not in above:
            yield from _tree(schemas, inner, level + 1, (*above, id(inner)))


def _wrapped(text: str, indent: int) -> list[str]:
    """Paragraphs of at most 80 columns."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += textwrap.wrap(
            paragraph,
            _WIDTH - indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return [f"{' ' * indent}{line}" for line in lines]


def _write(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
