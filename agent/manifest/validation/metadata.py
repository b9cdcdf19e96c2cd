"""Is the metadata of an object valid? (apimachinery: pkg/api/validation/objectmeta.go)"""

from __future__ import annotations

from collections.abc import Mapping

from agent.manifest.errors import forbidden, invalid, required, too_long
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, report
from agent.model.meta import ManagedFieldsEntry, ObjectMeta, OwnerReference

#: Keys and values of all annotations together, in bytes.
MAX_ANNOTATIONS = 256 * 1024
_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})


def check_metadata(meta: ObjectMeta, path: str, errors: Errors) -> None:
    """Check the metadata of a namespaced object whose name is a DNS subdomain."""
    _check_identity(meta, path, errors)
    _check_rest(meta, path, errors)
    for index, finalizer in enumerate(meta.finalizers):
        # core/validation asks for more than apimachinery: validateKubeFinalizerName
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            wrong = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(invalid(f"{path}.finalizers[{index}]", finalizer, wrong))


def check_any_metadata(
    meta: ObjectMeta, path: str, errors: Errors, *, namespaced: bool = True
) -> None:
    """Check what every request checks, whatever the kind (ValidateObjectMetaAccessor)."""
    if meta.generate_name:
        messages = _path_segment(meta.generate_name)
        report(errors, f"{path}.generateName", meta.generate_name, messages)
    if not meta.name:
        errors.append(required(f"{path}.name", "name or generateName is required"))
    else:
        messages = [f"may not be '{meta.name}'"] if meta.name in (".", "..") else []
        report(errors, f"{path}.name", meta.name, messages or _path_segment(meta.name))
    if not namespaced:
        if meta.namespace:
            errors.append(forbidden(f"{path}.namespace", "not allowed on this type"))
    elif not meta.namespace:
        errors.append(required(f"{path}.namespace"))
    else:
        report(errors, f"{path}.namespace", meta.namespace, names.dns_label(meta.namespace))
    _check_rest(meta, path, errors)


def _path_segment(text: str) -> list[str]:
    return [f"may not contain '{character}'" for character in "/%" if character in text]


def _check_rest(meta: ObjectMeta, path: str, errors: Errors) -> None:
    report(errors, f"{path}.generation", meta.generation, names.not_negative(meta.generation))
    check_labels(meta.labels, f"{path}.labels", errors)
    check_annotations(meta.annotations, f"{path}.annotations", errors)
    check_owners(meta.owner_references, f"{path}.ownerReferences", errors)
    _check_finalizers(meta.finalizers, f"{path}.finalizers", errors)
    for index, entry in enumerate(meta.managed_fields):
        check_managed_fields(entry, f"{path}.managedFields[{index}]", errors)


def _check_identity(meta: ObjectMeta, path: str, errors: Errors) -> None:
    if meta.generate_name:
        messages = names.dns_subdomain_prefix(meta.generate_name)
        report(errors, f"{path}.generateName", meta.generate_name, messages)
    if not meta.name:
        errors.append(required(f"{path}.name", "name or generateName is required"))
    else:
        report(errors, f"{path}.name", meta.name, names.dns_subdomain(meta.name))
    if not meta.namespace:
        errors.append(required(f"{path}.namespace"))
    else:
        report(errors, f"{path}.namespace", meta.namespace, names.dns_label(meta.namespace))


def check_labels(labels: Mapping[str, str], path: str, errors: Errors) -> None:
    """Check labels, or a selector of the same form (metav1 ValidateLabels)."""
    for key, value in labels.items():
        report(errors, path, key, names.qualified_name(key))
        report(errors, path, value, names.label_value(value))


def check_annotations(annotations: Mapping[str, str], path: str, errors: Errors) -> None:
    """Check the keys, whose case does not matter, and the size of all together."""
    total = 0
    for key, value in annotations.items():
        report(errors, path, key, names.qualified_name(key.lower()))
        total += names.size(key) + names.size(value)
    if total > MAX_ANNOTATIONS:
        errors.append(too_long(path, MAX_ANNOTATIONS))


def check_owners(owners: tuple[OwnerReference, ...], path: str, errors: Errors) -> None:
    """Check the owners, of which one may be the controller (ValidateOwnerReferences)."""
    controller = ""
    for owner in owners:
        _check_owner(owner, path, errors)
        if not owner.controller:
            continue
        current = f"{owner.kind}/{owner.name}"
        if controller:
            wrong = (
                "Only one reference can have Controller set to true. "
                f'Found "true" in references for {controller} and {current}'
            )
            errors.append(invalid(path, owners, wrong))
        else:
            controller = current


def _check_owner(owner: OwnerReference, path: str, errors: Errors) -> None:
    group, version = _group_version(owner.api_version)
    if not version:
        wrong = "version must not be empty"
        errors.append(invalid(f"{path}.apiVersion", owner.api_version, wrong))
    for field, value in (("kind", owner.kind), ("name", owner.name), ("uid", owner.uid)):
        if not value:
            errors.append(invalid(f"{path}.{field}", value, "must not be empty"))
    if (group, version, owner.kind) == ("", "v1", "Event"):
        wrong = "/v1, Kind=Event is disallowed from being an owner"
        errors.append(invalid(path, owner, wrong))


def _group_version(api_version: str) -> tuple[str, str]:
    """Split as schema.ParseGroupVersion does; both are empty when there are several slashes."""
    if api_version.count("/") > 1:
        return "", ""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", group)


def _check_finalizers(finalizers: tuple[str, ...], path: str, errors: Errors) -> None:
    for finalizer in finalizers:
        report(errors, path, finalizer, names.qualified_name(finalizer))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        wrong = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(invalid(path, finalizers, wrong))


def check_managed_fields(entry: ManagedFieldsEntry, path: str, errors: Errors) -> None:
    """Check who manages fields, and how (ValidateManagedFields)."""
    if entry.operation not in ("Apply", "Update"):
        wrong = "must be `Apply` or `Update`"
        errors.append(invalid(f"{path}.operation", entry.operation, wrong))
    if entry.fields_type not in ("", "FieldsV1"):
        errors.append(invalid(f"{path}.fieldsType", entry.fields_type, "must be `FieldsV1`"))
    if names.size(entry.manager) > 128:
        errors.append(too_long(f"{path}.manager", 128))
    offset = 0
    for rune in entry.manager:
        if not rune.isprintable():
            wrong = f"invalid character U+{ord(rune):04X} (at position {offset})"
            errors.append(invalid(f"{path}.manager", entry.manager, wrong))
        offset += names.size(rune)
    if names.size(entry.subresource) > 256:
        errors.append(too_long(f"{path}.subresource", 256))
