"""Object metadata and references (meta/v1)."""

from __future__ import annotations

import msgspec

from agent.model import names
from agent.model.base import Int64, Object, Time, always


class OwnerReference(Object):
    """The object that this one depends on."""

    api_version: str = always(factory=str)
    kind: str = always(factory=str)
    name: str = always(factory=str)
    uid: names.UID = always(factory=str)
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ManagedFieldsEntry(Object):
    """Field ownership of one manager; stored as given."""

    manager: str = ""
    operation: names.ManagedFieldsOperationType = ""
    api_version: str = ""
    time: Time | None = None
    fields_type: str = ""
    fields_v1: dict[str, object] | None = msgspec.field(name="fieldsV1", default=None)
    subresource: str = ""


class ObjectMeta(Object):
    """Standard metadata of every stored object."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    self_link: str = ""
    uid: names.UID = ""
    resource_version: str = ""
    generation: Int64 = 0
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: Int64 | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()
    managed_fields: tuple[ManagedFieldsEntry, ...] = ()


class ListMeta(Object):
    """Metadata of a list."""

    self_link: str = ""
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")
    remaining_item_count: Int64 | None = None


class LabelSelectorRequirement(Object):
    """One expression of a label selector."""

    key: str = always(factory=str)
    operator: names.LabelSelectorOperator = always(factory=str)
    values: tuple[str, ...] = ()


class LabelSelector(Object):
    """Labels to match and expressions to satisfy; all are ANDed."""

    match_labels: dict[str, str] = {}
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()


class Condition(Object):
    """One aspect of an object that is True, False or Unknown."""

    type: str = always(factory=str)
    status: names.ConditionStatus = always(factory=str)
    observed_generation: Int64 = 0
    last_transition_time: Time | None = always(factory=lambda: None)
    reason: str = always(factory=str)
    message: str = always(factory=str)


class LocalObjectReference(Object):
    """The name of an object in the same namespace."""

    name: str = ""


class ObjectReference(Object):
    """A reference to any object, or to a part of it by `field_path`."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: names.UID = ""
    api_version: str = ""
    resource_version: str = ""
    field_path: str = ""


class TypedLocalObjectReference(Object):
    """A reference to an object of any kind in the same namespace."""

    api_group: str | None = always(factory=lambda: None)
    kind: str = always(factory=str)
    name: str = always(factory=str)


class TypedObjectReference(Object):
    """A reference to an object of any kind, possibly in another namespace."""

    api_group: str | None = always(factory=lambda: None)
    kind: str = always(factory=str)
    name: str = always(factory=str)
    namespace: str | None = None
