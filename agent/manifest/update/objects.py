"""What may change of objects other than pods, and how are they stored then?

(k8s.io/kubernetes: pkg/registry/core; pkg/apis/core/validation)
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from msgspec.structs import replace

from agent.manifest.errors import forbidden, invalid
from agent.manifest.secret_data import with_string_data
from agent.manifest.update.common import (
    Updated,
    carry_over,
    check_immutable,
    check_metadata_update,
    common_errors,
)
from agent.manifest.validation.configdata import check_config_map, check_secret
from agent.manifest.validation.options import Errors
from agent.model.base import Object
from agent.model.config_data import ConfigMap, Secret
from agent.model.namespace import Namespace

ObjectT = TypeVar("ObjectT", bound=Object)

_SEALED = "field is immutable when `immutable` is set"


def update_object(
    new: ObjectT, old: ObjectT, subresource: Literal["", "status"] = "", *, namespaced: bool = True
) -> Updated[ObjectT]:
    """Return the object that an update stores, and what speaks against it.

    Not for pods, for which `update_pod` is. An update of the object leaves its status alone, one
    of the status everything else but metadata.
    """
    before: Any = old
    after: Any = _prepared(new, old, subresource)
    errors: Errors = []
    check_metadata_update(after.metadata, before.metadata, errors)
    match after:
        case ConfigMap():
            _check_sealed(after, before, ("data", "binary_data"), errors)
            check_config_map(after, errors)
        case Secret():
            check_immutable("type", after.type, before.type, errors)
            _check_sealed(after, before, ("data",), errors)
            check_secret(after, errors)
        case Namespace() if subresource == "status":
            _check_namespace_status(after, errors)
    common = common_errors(after.metadata, before.metadata, namespaced=namespaced)
    return Updated(after, common, tuple(errors))


def _prepared(new: Any, old: Any, subresource: str) -> Any:
    """Leave out what the request is not about (PrepareForUpdate)."""
    result = replace(new, metadata=carry_over(new.metadata, old.metadata))
    if isinstance(result, Secret):
        result = replace(with_string_data(result), type=result.type or old.type)
    if hasattr(result, "status"):
        kept = "spec" if subresource == "status" else "status"
        result = replace(result, **{kept: getattr(old, kept)})
    if isinstance(result, Namespace) and subresource != "status":
        spec = replace(result.spec, finalizers=old.spec.finalizers)
        result = replace(result, spec=spec)
    return result


def _check_sealed(
    new: ConfigMap | Secret, old: ConfigMap | Secret, contents: tuple[str, ...], errors: Errors
) -> None:
    """What was declared immutable stays so, and stays as it is."""
    if not old.immutable:
        return
    if not new.immutable:
        errors.append(forbidden("immutable", _SEALED))
    for field in contents:
        if getattr(new, field) != getattr(old, field):
            name = "binaryData" if field == "binary_data" else field
            errors.append(forbidden(name, _SEALED))


def _check_namespace_status(namespace: Namespace, errors: Errors) -> None:
    deleted = namespace.metadata.deletion_timestamp is not None
    phase, expected = namespace.status.phase, "Terminating" if deleted else "Active"
    if phase != expected:
        condition = "not empty" if deleted else "empty"
        wrong = f"may only be '{expected}' if `deletionTimestamp` is {condition}"
        errors.append(invalid("status.Phase", phase, wrong))
