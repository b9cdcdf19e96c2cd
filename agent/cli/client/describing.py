"""describe: fetch an object and what belongs to it, and put it into words."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from agent.api.describe import describe
from agent.cli.client.errors import ClientError, Refused
from agent.cli.client.files import read_objects
from agent.cli.client.kinds import Kind, Target, targets
from agent.cli.client.options import selection
from agent.cli.client.session import Session
from agent.host.clock import wall_time
from agent.manifest.decode import decode
from agent.model.event import Event
from agent.model.lease import Lease
from agent.model.pod import Pod
from agent.store.kinds import type_of

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_ENDED = "status.phase!=Succeeded,status.phase!=Failed"


class Describing:
    """One `barepod describe`."""

    def __init__(self, session: Session, *, shows_events: bool) -> None:
        self._session = session
        self._shows_events = shows_events
        self._has_written = False

    def run(self, arguments: Sequence[str], files: Sequence[str], selector: str) -> None:
        """Print the descriptions of what is meant; ClientError."""
        session = self._session
        if files:
            for given in read_objects(session, files):
                session.namespace = given.namespace or session.namespace
                self._describe(Target(given.kind, given.name), "")
            return
        if not arguments:
            raise ClientError("You must specify the type of resource to describe, such as pods")
        for target in targets(session.kinds, arguments):
            try:
                self._describe(target, selector)
            except Refused as exc:
                session.complain(exc)
        if not self._has_written and not session.has_failed:
            where = f" in {session.namespace} namespace." if session.namespace else ""
            sys.stderr.write(f"No resources found{where}\n")

    def _describe(self, target: Target, selector: str) -> None:
        """The objects of a target: of the name, else of names that begin with it."""
        session, kind = self._session, target.kind
        path = kind.path(session.place(kind))
        if not target.name:
            self._write(kind, session.server.ask("GET", path, selection(selector))["items"])
            return
        try:
            self._write(kind, [session.get(kind, target.name)])
        except Refused as exc:
            if exc.reason != "NotFound":
                raise
            items = session.server.ask("GET", path)["items"]
            similar = [one for one in items if one["metadata"]["name"].startswith(target.name)]
            if not similar:
                raise
            for one in similar:
                session.tell(self._described(kind, one))
            self._has_written = True

    def _write(self, kind: Kind, objects: Iterable[Any]) -> None:
        for obj in objects:
            if self._has_written:
                self._session.tell("\n")
            sys.stdout.write(self._described(kind, obj))
            self._has_written = True

    def _described(self, kind: Kind, value: Any) -> str:
        model: Any = type_of(kind.kind)
        if model is None:
            raise ClientError(f"no description has been implemented for {kind.full_plural}")
        obj = decode(model, {"apiVersion": kind.api_version, "kind": kind.kind, **value}).object
        events = self._events(kind, value["metadata"]) if self._shows_events else ()
        now = wall_time().astimezone()
        if kind.kind != "Node":
            return describe(obj, events, now)
        name = value["metadata"]["name"]
        return describe(obj, events, now, pods=self._pods(name), lease=self._lease(name))

    def _events(self, kind: Kind, metadata: dict[str, Any]) -> list[Event]:
        """The events about an object."""
        namespace = metadata.get("namespace", "")
        about = {"involvedObject.name": metadata["name"], "involvedObject.kind": kind.kind}
        if kind.is_namespaced:
            about |= {"involvedObject.namespace": namespace, "involvedObject.uid": metadata["uid"]}
        selector = ",".join(f"{field}={value}" for field, value in about.items())
        path = self._session.kinds.core("events").path(namespace)
        found = self._session.server.ask("GET", path, [("fieldSelector", selector)])
        return [decode(Event, item).object for item in found["items"]]

    def _pods(self, node: str) -> list[Pod]:
        """The pods on a node that have not ended."""
        query = [("fieldSelector", f"spec.nodeName={node},{_ENDED}")]
        found = self._session.server.ask("GET", self._session.kinds.core("pods").path(), query)
        return [decode(Pod, item).object for item in found["items"]]

    def _lease(self, node: str) -> Lease | None:
        try:
            return decode(Lease, self._session.server.ask("GET", f"{_LEASES}/{node}")).object
        except Refused:
            return None
