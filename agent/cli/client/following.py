"""How does one object go on? Its states one after the other, as long as anybody wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.cli.client.connection import Server
from agent.cli.client.errors import Refused
from agent.cli.client.kinds import Kind


def states(server: Server, kind: Kind, namespace: str, name: str) -> Iterator[Any]:
    """The object as it is now, then after each change; None when it is not there. Never ends."""
    above = kind.path(namespace)
    select = ("fieldSelector", f"metadata.name={name}")
    while True:
        version = None
        try:
            obj = server.ask("GET", kind.path(namespace, name))
            version = obj["metadata"]["resourceVersion"]
            yield obj
        except Refused as exc:
            if exc.reason != "NotFound":
                raise
            yield None
        if version is None:
            # From the list's version on, and not from nowhere: that would repeat what we know.
            answer = server.ask("GET", above, [select])
            version = answer["metadata"]["resourceVersion"]
            yield from answer["items"]
        for event in server.events(above, [select, ("resourceVersion", version)]):
            if event["type"] == "ERROR":
                break  # too old by now: look again
            if event["type"] != "BOOKMARK":
                yield None if event["type"] == "DELETED" else event["object"]


def wait_gone(server: Server, kind: Kind, namespace: str, name: str, uid: str) -> None:
    """Return once the object is gone, or another one has its name; ClientError."""
    for state in states(server, kind, namespace, name):
        if state is None or state["metadata"].get("uid") != uid:
            return
