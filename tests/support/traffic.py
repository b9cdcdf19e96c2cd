"""Published pods that are ready, unready or terminating, and what listeners need around them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from agent.model.pod import Pod
from agent.store.memory import MemoryStore
from tests.support.lifecycle import pod

_MARKS = {"": "ready", "-": "unready", "x": "terminating", "+": "succeeded"}


def published(name: str, how: str = "ready") -> Pod:
    """A pod `default/NAME` with a container `c`: ready, unready, terminating or succeeded."""
    ready = how in ("ready", "terminating")
    status: dict[str, Any] = {
        "phase": "Succeeded" if how == "succeeded" else "Running",
        "conditions": [
            {"type": "Ready", "status": str(ready), "reason": "" if ready else "ContainersNotReady"}
        ],
        "containerStatuses": [
            {"name": "c", "ready": ready, "started": True, "state": {"running": {}}}
        ],
    }
    made = pod(["c"], metadata={"name": name}, status=status)
    if how != "terminating":
        return made
    metadata = msgspec.structs.replace(
        made.metadata, deletion_timestamp=datetime(2025, 6, 1, 12, tzinfo=UTC)
    )
    return msgspec.structs.replace(made, metadata=metadata)


def pods(*words: str) -> MemoryStore:
    """A store with pods: "web" is ready, "web -" unready, "web x" terminating, "web +" over."""
    store = MemoryStore()
    for word in words:
        name, _, mark = word.partition(" ")
        store.put(published(name, _MARKS[mark]))
    return store
