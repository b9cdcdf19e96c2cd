"""Which objects do `-f` files hold? YAML, JSON and TOML through the readers of manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agent.cli.client.errors import ClientError
from agent.cli.client.kinds import Kind
from agent.cli.client.session import Session
from agent.manifest.document import Document, Number
from agent.manifest.errors import Problem
from agent.manifest.files import STDIN, read_documents
from agent.model.gotext import quote

_SUFFIXES = (".json", ".toml", ".yaml", ".yml")


class Given(msgspec.Struct, frozen=True):
    """One object of a file; `source` is how messages name the file."""

    object: dict[str, Any]
    kind: Kind
    namespace: str
    source: str

    @property
    def name(self) -> str:
        """Its name; "" when the server is to make one."""
        return str(self.object["metadata"].get("name", ""))

    @property
    def path(self) -> str:
        """Where the object is on the server."""
        return self.kind.path(self.namespace, self.name)

    @property
    def shown(self) -> str:
        """`pod/web`."""
        return f"{self.kind.shown}/{self.name}"


def read_objects(session: Session, files: Sequence[str]) -> list[Given]:
    """Everything that the files hold, in order; ClientError."""
    found = [
        given
        for path in files
        for document, source in _documents(path)
        for given in _objects(session, document.value, source)
    ]
    if not found:
        raise ClientError("no objects passed to it")
    return found


def _documents(path: str) -> Iterator[tuple[Document, str]]:
    """The documents of a file, or of the files of a directory."""
    for file in _files(path):
        source = "STDIN" if file == STDIN else file
        for found in read_documents(file):
            if isinstance(found, Problem):
                raise ClientError(f"error parsing {source}: {found}")
            if found.duplicates:
                twice = found.duplicates[0]
                raise ClientError(
                    f"error parsing {source}: line {twice.line}: key {quote(twice.key)} already "
                    f"set on line {twice.first_line}"
                )
            if found.value is not None:
                yield found, source


def _files(path: str) -> Iterable[str]:
    if path == STDIN:
        return [path]
    here = Path(path)
    if here.is_dir():
        return [str(one) for one in sorted(here.iterdir()) if one.suffix in _SUFFIXES]
    if not here.exists():
        raise ClientError(f"the path {quote(path)} does not exist")
    return [path]


def _objects(session: Session, value: Any, source: str) -> Iterator[Given]:
    if not isinstance(value, dict):
        raise ClientError(f"error parsing {source}: an object is expected, not a {_name(value)}")
    if isinstance(value.get("items"), list) and str(value.get("kind", "")).endswith("List"):
        for item in value["items"]:
            yield from _objects(session, item, source)
        return
    obj = _plain(value)
    for field in ("kind", "apiVersion"):
        if not isinstance(obj.get(field), str) or not obj[field]:
            text = "Object 'Kind' is missing" if field == "kind" else "'apiVersion' is missing"
            raise ClientError(f"unable to decode {quote(source)}: {text}")
    metadata = obj.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        raise ClientError(f"unable to decode {quote(source)}: metadata must be an object")
    for field in ("name", "namespace"):
        if not isinstance(metadata.get(field, ""), str):
            raise ClientError(f"unable to decode {quote(source)}: metadata.{field} must be a text")
    if not isinstance(metadata.get("annotations") or {}, dict):
        raise ClientError(f"unable to decode {quote(source)}: metadata.annotations must be a map")
    yield _given(session, obj, metadata, source)


def _given(session: Session, obj: dict[str, Any], metadata: dict[str, Any], source: str) -> Given:
    kind = session.kinds.of_object(obj["apiVersion"], obj["kind"])
    if kind is None:
        raise ClientError(
            f"resource mapping not found for name: {quote(str(metadata.get('name', '')))} "
            f"namespace: {quote(str(metadata.get('namespace', '')))} from {quote(source)}: no "
            f"matches for kind {quote(obj['kind'])} in version {quote(obj['apiVersion'])}: "
            "this agent does not serve it"
        )
    if not kind.is_namespaced:
        return Given(obj, kind, "", source)
    namespace = metadata.setdefault("namespace", session.namespace)
    if session.is_namespace_given and namespace != session.namespace:
        raise ClientError(
            f"the namespace from the provided object {quote(namespace)} does not match the "
            f"namespace {quote(session.namespace)}. You must pass '--namespace={namespace}' to "
            "perform this operation."
        )
    return Given(obj, kind, namespace, source)


def _plain(value: Any) -> Any:
    """The same of nothing but dicts, lists and JSON's own scalars."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, Number) else value


def _name(value: object) -> str:
    return "list" if isinstance(value, list) else "plain value"
