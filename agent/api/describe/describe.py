"""Which description does a kind have?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent.api.describe.data import (
    describe_config_map,
    describe_namespace,
    describe_secret,
    describe_service_account,
)
from agent.api.describe.generic import describe_generic
from agent.api.describe.node import describe_node
from agent.api.describe.pod import describe_pod
from agent.api.describe.service import describe_service
from agent.api.tables.column import HasMetadata
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.lease import Lease
from agent.model.namespace import Namespace
from agent.model.node import Node
from agent.model.pod import Pod
from agent.model.service import Service
from agent.model.service_account import ServiceAccount


def describe(
    obj: HasMetadata,
    events: Iterable[Event],
    now: datetime,
    *,
    pods: Iterable[Pod] = (),
    lease: Lease | None = None,
) -> str:
    """An object and its events as text; ages as of `now`, times in its zone.

    `pods` and `lease` are those of a node and of no use to other kinds.
    """
    match obj:
        case Pod():
            return describe_pod(obj, events, now)
        case Node():
            return describe_node(obj, events, now, pods=pods, lease=lease)
        case Namespace():
            return describe_namespace(obj, now)
        case ConfigMap():
            return describe_config_map(obj, events, now)
        case Secret():
            return describe_secret(obj)
        case ServiceAccount():
            return describe_service_account(obj, events, now)
        case Service():
            return describe_service(obj, events, now)
        case _:
            return describe_generic(obj, events, now)
