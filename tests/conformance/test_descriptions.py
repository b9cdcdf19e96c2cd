"""A description reads as that of kubectl does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from agent.api.describe import describe
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.lease import Lease
from agent.model.namespace import Namespace
from agent.model.node import Node
from agent.model.pod import Pod
from agent.model.service import Service
from agent.model.service_account import ServiceAccount
from tests.support import tables

#: When kubectl was asked.
NOW = datetime(2026, 11, 29, 9, 10, tzinfo=UTC)
TYPES: Final = {
    cls.__name__: cls
    for cls in (ConfigMap, Lease, Namespace, Node, Pod, Secret, Service, ServiceAccount)
}


@tables.rows("descriptions")
def test_the_description_of_an_object(row: dict[str, Any]) -> None:
    obj: Any = msgspec.convert(row["object"], TYPES[row["object"]["kind"]])

    text = describe(
        obj,
        msgspec.convert(row.get("events", []), list[Event]),
        NOW,
        pods=msgspec.convert(row.get("pods", []), list[Pod]),
        lease=msgspec.convert(row["lease"], Lease) if "lease" in row else None,
    )

    assert text == row["text"]
