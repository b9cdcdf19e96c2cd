"""`kubectl get` prints of every kind what Kubernetes prints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from agent.api.tables import cells, columns, table
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.lease import Lease
from agent.model.namespace import Namespace
from agent.model.node import Node
from agent.model.pod import Pod
from agent.model.service import Service
from agent.model.service_account import ServiceAccount
from agent.model.workload import PersistentVolumeClaim
from tests.support import tables

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
TYPES: Final = {
    cls.__name__: cls
    for cls in (
        *(ConfigMap, Event, Lease, Namespace, Node),
        *(PersistentVolumeClaim, Secret, Service, ServiceAccount),
    )
}


@tables.rows("table_pods")
def test_the_row_of_a_pod(row: dict[str, Any]) -> None:
    plain = {
        "metadata": {"name": "web", "creationTimestamp": row.get("created")},
        "spec": {"containers": [{"name": "c"}], **row.get("spec", {})},
        "status": row["status"],
    }
    pod = msgspec.convert(plain, Pod)

    (made,) = table("Pod", [pod], NOW)["rows"]

    assert list(made["cells"]) == ["web", *row["row"]]
    assert [c["reason"] for c in made.get("conditions", ())] == [
        row[key] for key in ("ended",) if key in row
    ]


@tables.rows("table_rows")
def test_the_row_of_an_object(row: dict[str, Any]) -> None:
    metadata = {
        "name": "x",
        "creationTimestamp": "2025-06-01T11:50:00Z",
        "labels": row.get("labels", {}),
    }
    obj: Any = msgspec.convert({"metadata": metadata, **row["object"]}, TYPES[row["kind"]])

    made = cells(row["kind"], obj, NOW)

    assert list(made) == row["row"]
    assert len(made) == len(columns(row["kind"]))
