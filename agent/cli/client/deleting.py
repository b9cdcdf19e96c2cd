"""delete: ask for the end of objects, and wait for it (kubectl: pkg/cmd/delete)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from agent.cli.client.errors import ClientError, Refused
from agent.cli.client.files import read_objects
from agent.cli.client.following import wait_gone
from agent.cli.client.kinds import Kind, targets
from agent.cli.client.options import selection
from agent.cli.client.session import Session, TimedOut, deadline
from agent.model.gotext import quote

_NOTHING_NAMED = """You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    arguments: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    selector: str = ""
    field_selector: str = ""
    is_all: bool = False
    grace_period: int = -1
    now: bool = False
    force: bool = False
    waits: bool = True
    timeout: float = 0.0
    ignore_not_found: bool = False
    dry_run: str = "none"
    output: str = ""


class _Doomed(msgspec.Struct, frozen=True):
    """An object that is to go; `source` is the file that names it."""

    kind: Kind
    namespace: str
    name: str
    uid: str = ""
    source: str = ""


class Deleting:
    """One `barepod delete`."""

    def __init__(self, session: Session, delete: Delete) -> None:
        self._session = session
        self._delete = delete
        self._grace = self._grace_period()

    def run(self) -> None:
        """Delete what is meant; ClientError."""
        doomed = list(self._doomed())
        if not doomed:
            sys.stdout.write("No resources found\n")
            return
        if self._grace == 0 and self._delete.dry_run == "none":
            sys.stderr.write(
                "Warning: Immediate deletion does not wait for confirmation that the running "
                "resource has been terminated. The resource may continue to run on the cluster "
                "indefinitely.\n"
            )
        ending = [left for one in doomed if (left := self._end(one)) is not None]
        if not self._delete.waits or self._delete.dry_run != "none":
            return
        for place, one in enumerate(ending):
            try:
                with deadline(self._delete.timeout):
                    wait_gone(self._session.server, one.kind, one.namespace, one.name, one.uid)
            except TimedOut:
                late = [f"{one.kind.plural}/{one.name}" for one in ending[place:]]
                self._session.complain_all(
                    [ClientError(f"timed out waiting for the condition on {one}") for one in late]
                )
                return

    def _grace_period(self) -> int:
        """Seconds; -1 leaves it to the object. ClientError."""
        delete = self._delete
        if delete.now and delete.grace_period != -1:
            raise ClientError("--now and --grace-period cannot be specified together")
        if delete.now:
            return 1
        if delete.force:
            if delete.grace_period > 0:
                raise ClientError("--force and --grace-period greater than 0 cannot be together")
            return 0
        # 0 alone does not mean by accident that nobody waits for the end.
        return 1 if delete.grace_period == 0 else delete.grace_period

    def _doomed(self) -> Iterator[_Doomed]:
        delete, session = self._delete, self._session
        if delete.files:
            for given in read_objects(session, delete.files):
                yield _Doomed(given.kind, given.namespace, given.name, source=given.source)
            return
        if not delete.arguments:
            raise ClientError(_NOTHING_NAMED)
        query = selection(delete.selector, delete.field_selector)
        if delete.is_all and query:
            raise ClientError("cannot set --all and a selector at the same time")
        for target in targets(session.kinds, delete.arguments):
            if target.name and (query or delete.is_all):
                what = "--all is" if delete.is_all else "a selector is"
                raise ClientError(f"name cannot be provided when {what} specified")
            if target.name:
                yield _Doomed(target.kind, session.place(target.kind), target.name)
            elif query or delete.is_all:
                path = target.kind.path(session.place(target.kind))
                for item in session.server.ask("GET", path, query)["items"]:
                    meta = item["metadata"]
                    yield _Doomed(target.kind, meta.get("namespace", ""), meta["name"])
            else:
                raise ClientError("resource(s) were provided, but no name was specified")

    def _end(self, one: _Doomed) -> _Doomed | None:
        """Ask for the end of one object; the one that is to be waited for, None when none is."""
        session, path = self._session, one.kind.path(one.namespace, one.name)
        if self._delete.dry_run == "client":
            self._tell(one)
            return None
        body: dict[str, Any] = {"propagationPolicy": "Background"}
        if self._grace >= 0:
            body["gracePeriodSeconds"] = self._grace
        if self._delete.dry_run == "server":
            body["dryRun"] = ["All"]
        try:
            answer = session.server.ask("DELETE", path, body=body)
        except Refused as exc:
            ignores = self._delete.ignore_not_found or self._delete.is_all
            if not (ignores and exc.reason == "NotFound"):
                session.complain(exc.during("deleting", one.source) if one.source else exc)
            return None
        session.warn()
        self._tell(one)
        if answer.get("kind") == "Status":
            uid = (answer.get("details") or {}).get("uid", "")
        else:
            uid = answer["metadata"].get("uid", "")
        return msgspec.structs.replace(one, uid=uid)

    def _tell(self, one: _Doomed) -> None:
        if self._delete.output == "name":
            self._session.tell(f"{one.kind.shown}/{one.name}")
            return
        word = "force deleted" if self._grace == 0 else "deleted"
        note = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
        self._session.tell(f"{one.kind.shown} {quote(one.name)} {word}{note[self._delete.dry_run]}")
        sys.stdout.flush()
