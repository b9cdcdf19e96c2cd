"""What requests and answers of the API are made of, apart from the objects (meta/v1, policy/v1)."""

from __future__ import annotations

from agent.model import names
from agent.model.base import Int32, Int64, Object, always
from agent.model.meta import ListMeta, ObjectMeta


class StatusCause(Object):
    """One reason for a failure, with the field that it is about."""

    reason: str = ""
    message: str = ""
    field: str = ""


class StatusDetails(Object):
    """What a Status is about; `kind` names the resource, or the kind when fields are invalid."""

    name: str = ""
    group: str = ""
    kind: str = ""
    uid: names.UID = ""
    causes: tuple[StatusCause, ...] = ()
    retry_after_seconds: Int32 = 0


class Status(Object):
    """How a request ended, when that is not an object."""

    kind: str = ""
    api_version: str = ""
    metadata: ListMeta = always(factory=ListMeta)
    status: str = ""
    message: str = ""
    reason: str = ""
    details: StatusDetails | None = None
    code: Int32 = 0


class Preconditions(Object):
    """What must hold of an object that is to be deleted."""

    uid: names.UID | None = None
    resource_version: str | None = None


class DeleteOptions(Object):
    """How something is to be deleted."""

    kind: str = ""
    api_version: str = ""
    grace_period_seconds: Int64 | None = None
    preconditions: Preconditions | None = None
    orphan_dependents: bool | None = None
    propagation_policy: str | None = None
    dry_run: tuple[str, ...] = ()
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None


class Eviction(Object):
    """A request to delete a pod, which a disruption budget could refuse."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    delete_options: DeleteOptions | None = None
