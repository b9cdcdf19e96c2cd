"""Which kinds outlive the process, and what are they read back as?"""

from __future__ import annotations

from typing import Final

import msgspec

#: Kinds of objects: the module of the type. A new kind is one line here.
OBJECTS: Final = {
    "Pod": "agent.model.pod",
    "Event": "agent.model.event",
    "ConfigMap": "agent.model.config_data",
    "Secret": "agent.model.config_data",
    "Namespace": "agent.model.namespace",
    "Node": "agent.model.node",
    "Service": "agent.model.service",
    "ServiceAccount": "agent.model.service_account",
    "Lease": "agent.model.lease",
    "ManifestFile": "agent.model.manifest_file",
}
#: Kinds of the agent's own records.
RECORDS: Final = {
    "ContainerRecord": "agent.store.records",
    "NodeRecord": "agent.store.records",
    "PodRecord": "agent.store.records",
}
#: Records without which the next agent would have to end what they are about.
URGENT: Final = frozenset({"ContainerRecord"})


def is_known(kind: str) -> bool:
    """Whether the kind can be written."""
    return kind in OBJECTS or kind in RECORDS


def type_of(kind: str) -> type[msgspec.Struct] | None:
    """The type of a kind; None for one that this version does not know."""
    module = OBJECTS.get(kind) or RECORDS.get(kind)
    if module is None:
        return None
    from importlib import import_module  # a store of pods needs no type of a node

    found: type[msgspec.Struct] = getattr(import_module(module), kind)
    return found
