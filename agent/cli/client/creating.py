"""create: what is in files, or what a few words say (kubectl: pkg/cmd/create)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent.cli.client.errors import ClientError, Refused
from agent.cli.client.files import Given, read_objects
from agent.cli.client.output import as_list, printer_of, without_managers
from agent.cli.client.session import Session
from agent.model.gotext import quote

_MANAGER = "kubectl-create"
_KINDS = {"namespace": "Namespace", "ns": "Namespace", "configmap": "ConfigMap", "cm": "ConfigMap"}
_NOTES = {"none": "", "client": " (dry run)", "server": " (server dry run)"}


class Create(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    words: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    secret_type: str = "Opaque"
    dry_run: str = "none"
    output: str = ""


class Creating:
    """One `barepod create`."""

    def __init__(self, session: Session, create: Create) -> None:
        self._session = session
        self._create = create

    def run(self) -> None:
        """Create everything that can be created; ClientError."""
        create, session = self._create, self._session
        if bool(create.files) is bool(create.words):
            raise ClientError(
                "must specify one of -f and -k"
                if not create.files
                else f"unexpected arguments: [{' '.join(create.words)}]"
            )
        printer = printer_of(create.output, lambda v, k: session.kinds.of_object(v, k))
        given = read_objects(session, create.files) if create.files else [self._by_words()]
        shown: list[Any] = []
        for one in given:
            try:
                made = self._one(one)
            except ClientError as exc:
                session.complain(exc)
                continue
            session.warn()
            if printer is not None:
                shown.append(without_managers(made))
                continue
            name = made["metadata"].get("name", one.name)
            session.tell(f"{one.kind.shown}/{name} created{_NOTES[create.dry_run]}")
        if printer is not None and shown:
            if printer.is_per_object or len(shown) == 1:
                text = "".join(map(printer.write, shown))
            else:
                text = printer.write(as_list(shown))
            session.tell(text.rstrip("\n"))

    def _one(self, given: Given) -> Any:
        if self._create.dry_run == "client":
            return given.object
        query = [("fieldManager", _MANAGER), ("fieldValidation", "Strict")]
        if self._create.dry_run == "server":
            query.insert(0, ("dryRun", "All"))
        path = given.kind.path(given.namespace)
        try:
            return self._session.server.ask("POST", path, query, given.object)
        except Refused as exc:
            if given.source:
                raise exc.during("creating", given.source) from exc
            if exc.reason == "Invalid" or not given.namespace:
                raise
            what = given.kind.kind.lower()
            raise ClientError(f"failed to create {what}: {exc}") from exc

    def _by_words(self) -> Given:
        """The object that `namespace NAME` and the like mean; ClientError."""
        kind, *names = self._create.words
        if kind == "secret":
            if names[:1] != ["generic"]:
                raise ClientError("secrets are made by: create secret generic NAME")
            names = names[1:]
            name = "Secret"
        elif kind in _KINDS:
            name = _KINDS[kind]
        else:
            raise ClientError(
                f"unknown kind {quote(kind)}: namespace, configmap and secret generic are made by "
                "name, everything else from a file (-f)"
            )
        if len(names) != 1:
            raise ClientError(
                f"exactly one NAME is required, got {len(names)}\n"
                "See 'barepod create -h' for help and examples"
            )
        found = self._session.kinds.of_object("v1", name)
        assert found is not None
        metadata = {"name": names[0]}
        obj: dict[str, Any] = {"apiVersion": "v1", "kind": name, "metadata": metadata}
        if found.is_namespaced:
            metadata["namespace"] = self._session.namespace
            obj |= self._content(is_secret=name == "Secret")
        return Given(obj, found, self._session.place(found), "")

    def _content(self, *, is_secret: bool) -> dict[str, Any]:
        """`data`, and `binaryData` for what is no text."""
        data: dict[str, str] = {}
        binary: dict[str, str] = {}
        for key, raw in self._values():
            if key in data or key in binary:
                raise ClientError(f"cannot add key {quote(key)}, another key by that name exists")
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                text = None
            if is_secret or text is None:
                (data if is_secret else binary)[key] = base64.b64encode(raw).decode()
            else:
                data[key] = text
        content: dict[str, Any] = {"data": data} if data else {}
        if binary:
            content["binaryData"] = binary
        return {**content, "type": self._create.secret_type} if is_secret else content

    def _values(self) -> Iterator[tuple[str, bytes]]:
        for text in self._create.literals:
            key, equals, value = text.partition("=")
            if not key or not equals:
                raise ClientError(f"invalid literal source {text}, expected key=value")
            yield key, value.encode()
        for text in self._create.sources:
            key, equals, path = text.rpartition("=")
            yield from _files(key, Path(path))


def _files(key: str, path: Path) -> Iterator[tuple[str, bytes]]:
    """One file under a key or its name, or the files of a directory."""
    try:
        if path.is_dir() and not key:
            for one in sorted(path.iterdir()):
                if one.is_file():
                    yield one.name, one.read_bytes()
        else:
            yield key or path.name, path.read_bytes()
    except OSError as exc:
        raise ClientError(f"error reading {path}: {(exc.strerror or str(exc)).lower()}") from exc
