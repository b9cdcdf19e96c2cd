"""Is the claim valid that an ephemeral volume makes? (ValidatePersistentVolumeClaimTemplate)"""

from __future__ import annotations

import msgspec

from agent.manifest.errors import forbidden, invalid, not_supported, required
from agent.manifest.validation import names
from agent.manifest.validation.metadata import check_annotations, check_labels
from agent.manifest.validation.options import Errors, report
from agent.manifest.validation.resources import check_amount
from agent.manifest.validation.selectors import check_label_selector
from agent.model import quantity
from agent.model.meta import ObjectMeta, TypedLocalObjectReference, TypedObjectReference
from agent.model.volume_cluster import PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_CLAIM = "PersistentVolumeClaim"


def check_claim_template(
    template: PersistentVolumeClaimTemplate, path: str, errors: Errors
) -> None:
    """Check metadata, of which only labels and annotations may be set, and spec."""
    meta = template.metadata
    check_annotations(meta.annotations, f"{path}.metadata.annotations", errors)
    check_labels(meta.labels, f"{path}.metadata.labels", errors)
    blank = ObjectMeta()
    for field in msgspec.structs.fields(ObjectMeta):
        if field.name in ("labels", "annotations"):
            continue
        if getattr(meta, field.name) != getattr(blank, field.name):
            name = "uID" if field.name == "uid" else field.encode_name
            errors.append(forbidden(f"{path}.metadata.{name}", "cannot be set"))
    _check_spec(template.spec, f"{path}.spec", errors)


def _check_spec(spec: PersistentVolumeClaimSpec, path: str, errors: Errors) -> None:
    """Check a claim (ValidatePersistentVolumeClaimSpec)."""
    if not spec.access_modes:
        errors.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    check_label_selector(spec.selector, f"{path}.selector", errors)
    _check_access_modes(spec.access_modes, f"{path}.accessModes", errors)
    _check_storage(spec.resources.requests.get("storage"), f"{path}.resources[storage]", errors)
    if spec.storage_class_name:
        messages = names.dns_subdomain(spec.storage_class_name)
        report(errors, f"{path}.storageClassName", spec.storage_class_name, messages)
    if spec.volume_mode not in (None, "Block", "Filesystem"):
        supported = ("Block", "Filesystem")
        errors.append(not_supported(f"{path}.volumeMode", spec.volume_mode, supported))
    _check_sources(spec, path, errors)
    if spec.volume_attributes_class_name:
        messages = names.dns_subdomain(spec.volume_attributes_class_name)
        at = f"{path}.volumeAttributesClassName"
        report(errors, at, spec.volume_attributes_class_name, messages)


def _check_access_modes(modes: tuple[str, ...], path: str, errors: Errors) -> None:
    for mode in modes:
        if mode not in _ACCESS_MODES:
            errors.append(not_supported(path, mode, _ACCESS_MODES))
    known = {mode for mode in modes if mode in _ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        wrong = "may not use ReadWriteOncePod with other access modes"
        errors.append(forbidden(path, wrong))


def _check_storage(storage: str | None, path: str, errors: Errors) -> None:
    if storage is None:
        errors.append(required(path))
        return
    amount = quantity.parse(storage)
    if amount.sign() <= 0:
        errors.append(invalid(path, amount.canonical(), "must be greater than zero"))
    else:
        check_amount("storage", storage, path, errors)


def _check_sources(spec: PersistentVolumeClaimSpec, path: str, errors: Errors) -> None:
    """Check where the data comes from; both forms must say the same."""
    source, reference = spec.data_source, spec.data_source_ref
    if source is not None:
        _check_source(source, f"{path}.dataSource", errors)
    if reference is not None:
        _check_source(reference, f"{path}.dataSourceRef", errors)
        if reference.namespace:
            at = f"{path}.dataSourceRef.namespace"
            report(errors, at, reference.namespace, names.dns_label(reference.namespace))
    if source is None or reference is None:
        return
    if reference.namespace:
        wrong = "may not be specified when dataSourceRef.namespace is specified"
        errors.append(invalid(path, f"{path}.dataSource", wrong))
    elif (source.api_group, source.kind, source.name) != (
        reference.api_group,
        reference.kind,
        reference.name,
    ):
        errors.append(invalid(path, f"{path}.dataSource", "must match dataSourceRef"))


def _check_source(
    source: TypedLocalObjectReference | TypedObjectReference, path: str, errors: Errors
) -> None:
    if not source.name:
        errors.append(required(f"{path}.name"))
    if not source.kind:
        errors.append(required(f"{path}.kind"))
    if source.api_group:
        report(errors, f"{path}.apiGroup", source.api_group, names.dns_subdomain(source.api_group))
    elif source.kind != _CLAIM:
        wrong = f"must be '{_CLAIM}' when referencing the default apiGroup"
        errors.append(invalid(path, source.kind, wrong))
