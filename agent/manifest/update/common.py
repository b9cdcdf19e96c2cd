"""What every update goes through, whatever the kind of the object.

(apiserver: pkg/registry/rest/update.go; apimachinery: pkg/api/validation/objectmeta.go)
"""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from msgspec.structs import replace

from agent.manifest.errors import FieldError, forbidden, invalid
from agent.manifest.validation.metadata import (
    check_annotations,
    check_any_metadata,
    check_labels,
    check_managed_fields,
    check_owners,
)
from agent.manifest.validation.options import Errors
from agent.model.base import Object
from agent.model.gotext import quote
from agent.model.meta import ObjectMeta

ObjectT = TypeVar("ObjectT", bound=Object)

IMMUTABLE = "field is immutable"
_METADATA = "metadata"


class Updated(msgspec.Struct, Generic[ObjectT], frozen=True):
    """An object as an update would store it, and what speaks against it.

    `common` are the errors that the API server finds for every kind, `own` those of the kind; it
    reports both, though they repeat each other.
    """

    object: ObjectT
    common: tuple[FieldError, ...]
    own: tuple[FieldError, ...]

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """All errors in the API server's order."""
        return self.common + self.own


def carry_over(new: ObjectMeta, old: ObjectMeta) -> ObjectMeta:
    """Return `new` with what a client may leave out, or cannot set (BeforeUpdate)."""
    return replace(
        new,
        generation=old.generation,
        self_link="",
        uid=new.uid or old.uid,
        creation_timestamp=old.creation_timestamp or new.creation_timestamp,
        deletion_timestamp=old.deletion_timestamp or new.deletion_timestamp,
        deletion_grace_period_seconds=(
            old.deletion_grace_period_seconds
            if new.deletion_grace_period_seconds is None
            else new.deletion_grace_period_seconds
        ),
    )


def common_errors(
    new: ObjectMeta, old: ObjectMeta, *, namespaced: bool = True
) -> tuple[FieldError, ...]:
    """What is wrong with metadata for every kind (validateCommonFields)."""
    errors: Errors = []
    check_any_metadata(new, _METADATA, errors, namespaced=namespaced)
    check_metadata_update(new, old, errors)
    return tuple(errors)


def check_metadata_update(new: ObjectMeta, old: ObjectMeta, errors: Errors) -> None:
    """Check the metadata of an update (ValidateObjectMetaUpdate)."""
    if old.deletion_timestamp is not None:
        added = sorted(set(new.finalizers) - set(old.finalizers))
        if added:
            wrong = "no new finalizers can be added if the object is being deleted, found new "
            shown = ", ".join(map(quote, added))
            wrong = f"{wrong}finalizers []string{{{shown}}}"
            errors.append(forbidden("metadata.finalizers", wrong))
    if not new.resource_version:
        wrong = "must be specified for an update"
        errors.append(invalid("metadata.resourceVersion", "", wrong))
    if new.generation < old.generation:
        wrong = "must not be decremented"
        errors.append(invalid("metadata.generation", new.generation, wrong))
    for field in _IMMUTABLE:
        value = getattr(new, field)
        if value != getattr(old, field):
            at = f"metadata.{_IMMUTABLE[field]}"
            errors.append(invalid(at, _shown(value), IMMUTABLE))
    check_labels(new.labels, "metadata.labels", errors)
    check_annotations(new.annotations, "metadata.annotations", errors)
    check_owners(new.owner_references, "metadata.ownerReferences", errors)
    for index, entry in enumerate(new.managed_fields):
        check_managed_fields(entry, f"metadata.managedFields[{index}]", errors)


_IMMUTABLE = {
    "name": "name",
    "namespace": "namespace",
    "uid": "uid",
    "creation_timestamp": "creationTimestamp",
    "deletion_timestamp": "deletionTimestamp",
    "deletion_grace_period_seconds": "deletionGracePeriodSeconds",
}


def _shown(value: object) -> object:
    """A value as Go's JSON has it; a time is text there."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def check_immutable(path: str, new: object, old: object, errors: Errors) -> None:
    """Refuse a change (ValidateImmutableField)."""
    if new != old:
        errors.append(invalid(path, new, IMMUTABLE))
