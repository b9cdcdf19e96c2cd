"""apply: a three-way merge from here, or one by the server (kubectl: pkg/cmd/apply)."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.api.patch.diff import three_way
from agent.api.patch.error import PatchError
from agent.cli.client.errors import ClientError, Refused
from agent.cli.client.files import Given, read_objects
from agent.cli.client.output import as_list, printer_of, without_managers
from agent.cli.client.session import Session
from agent.model.gotext import quote
from agent.store.kinds import type_of

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
#: kubectl's own names: whoever uses both commands on one object owns its fields once.
_MANAGER = "kubectl-client-side-apply"
_SERVER_SIDE_MANAGER = "kubectl"

_APPLY = "application/apply-patch+yaml"
_STRATEGIC = "application/strategic-merge-patch+json"
_NOTES = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


class Apply(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    files: tuple[str, ...] = ()
    dry_run: str = "none"
    server_side: bool = False
    force_conflicts: bool = False
    field_manager: str = ""
    output: str = ""


class Applying:
    """One `barepod apply`."""

    def __init__(self, session: Session, apply: Apply) -> None:
        self._session = session
        self._apply = apply
        self._shown: list[Any] = []

    def run(self) -> None:
        """Apply everything that can be applied; ClientError."""
        apply, session = self._apply, self._session
        if not apply.files:
            raise ClientError("must specify one of -f and -k")
        if apply.force_conflicts and not apply.server_side:
            raise ClientError("--force-conflicts only works with --server-side")
        if apply.dry_run == "client" and apply.server_side:
            raise ClientError("--dry-run=client doesn't work with --server-side")
        printer = printer_of(apply.output, lambda v, k: session.kinds.of_object(v, k))
        for given in read_objects(session, apply.files):
            if not given.name:
                raise ClientError(f"from {given.source}: cannot use generate name with apply")
            try:
                found, word = self._one(given)
            except ClientError as exc:
                session.complain(exc)
                continue
            session.warn()
            if printer is None:
                session.tell(f"{given.shown} {word}{_NOTES[apply.dry_run]}")
            elif printer.is_per_object:
                session.tell(printer.write(found).rstrip("\n"))
            else:
                self._shown.append(without_managers(found))
        if printer is not None and self._shown:
            is_one = len(self._shown) == 1
            text = printer.write(self._shown[0] if is_one else as_list(self._shown))
            session.tell(text.rstrip("\n"))

    def _query(self, manager: str) -> list[tuple[str, str]]:
        query = [
            ("fieldManager", self._apply.field_manager or manager),
            ("fieldValidation", "Strict"),
        ]
        return [("dryRun", "All"), *query] if self._apply.dry_run == "server" else query

    def _one(self, given: Given) -> tuple[Any, str]:
        """The object as it is now, and what became of it."""
        if self._apply.server_side:
            return self._on_server(given)
        try:
            live = self._session.server.ask("GET", given.path)
        except Refused as exc:
            if exc.reason != "NotFound":
                raise
            return self._create(given), "created"
        return self._change(given, live)

    def _on_server(self, given: Given) -> tuple[Any, str]:
        force = "true" if self._apply.force_conflicts else "false"
        query = [*self._query(_SERVER_SIDE_MANAGER), ("force", force)]
        try:
            body = given.object
            found = self._session.server.ask("PATCH", given.path, query, body, media=_APPLY)
        except Refused as exc:
            if exc.reason == "Conflict":
                raise ClientError(
                    f"{exc}\nOthers have set these fields. To take them over: "
                    "--force-conflicts; to leave them alone: remove them from the file."
                ) from exc
            raise
        return found, "serverside-applied"

    def _create(self, given: Given) -> Any:
        body = remembering(given.object)
        if self._apply.dry_run == "client":
            return body
        path = given.kind.path(given.namespace)
        try:
            return self._session.server.ask("POST", path, self._query(_MANAGER), body)
        except Refused as exc:
            raise exc.during("creating", given.source) from exc

    def _change(self, given: Given, live: Any) -> tuple[Any, str]:
        wanted = remembering(given.object)
        annotations = live["metadata"].get("annotations") or {}
        if LAST_APPLIED not in annotations:
            self._session.server.warnings.append(
                f"resource {given.kind.full_plural}/{given.name} was not made by apply: what it "
                "has beside the file stays; the next apply will know what this one has set."
            )
        if self._apply.dry_run == "client":
            return wanted, "configured"
        patch = _patch(given, wanted, live, annotations.get(LAST_APPLIED, "{}"))
        if not patch:
            return live, "unchanged"
        query = self._query(_MANAGER)
        try:
            found = self._session.server.ask("PATCH", given.path, query, patch, media=_STRATEGIC)
        except Refused as exc:
            raise _during_patch(exc, given, patch) from exc
        is_same = found["metadata"].get("resourceVersion") == live["metadata"]["resourceVersion"]
        return found, "unchanged" if is_same else "configured"


def remembering(obj: dict[str, Any]) -> dict[str, Any]:
    """The object with itself in an annotation, as the next apply wants to find it."""
    metadata = obj["metadata"]
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(LAST_APPLIED, None)
    plain = {**obj, "metadata": {**metadata, "annotations": annotations}}
    text = msgspec.json.encode(plain, order="sorted").decode().translate(_HTML) + "\n"
    return {**plain, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: text}}}


def _patch(given: Given, wanted: Any, live: Any, last: str) -> dict[str, Any]:
    """What leads from the live object to the wanted one; ClientError."""
    model: Any = type_of(given.kind.kind)
    try:
        original = msgspec.json.decode(last, type=dict[str, Any])
        return three_way(model, original, wanted, live)
    except (PatchError, msgspec.DecodeError) as exc:
        raise ClientError(
            f"error when creating patch for {quote(given.source)} ({given.shown}): {exc}"
        ) from exc


def _during_patch(exc: Refused, given: Given, patch: Any) -> Refused:
    """What was refused, in full."""
    kind = given.kind
    version = f"{kind.group}/{kind.version}"
    what = (
        f'Resource: "{version}, Resource={kind.plural}", GroupVersionKind: "{version}, '
        f'Kind={kind.kind}"\nName: {quote(given.name)}, Namespace: {quote(given.namespace)}'
    )
    text = msgspec.json.encode(patch, order="sorted").decode()
    inner = exc.during("patching", given.source)
    return inner.during(f"applying patch:\n{text}\nto:\n{what}\nfor:", given.source)
