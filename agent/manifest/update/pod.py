"""What may change of a pod, and how is it stored then?

(k8s.io/kubernetes: pkg/registry/core/pod/strategy.go; pkg/apis/core/validation, ValidatePodUpdate,
ValidatePodEphemeralContainersUpdate)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from msgspec.structs import replace

from agent.manifest.errors import forbidden, invalid, required
from agent.manifest.gates import drop_disabled_fields
from agent.manifest.update.common import (
    Updated,
    carry_over,
    check_metadata_update,
    common_errors,
)
from agent.manifest.update.gated import check_narrowing
from agent.manifest.update.resize import check_resize, only_resources
from agent.manifest.update.spec_text import difference
from agent.manifest.update.status import check_status, only_status
from agent.manifest.validate import check_updated_pod
from agent.manifest.validation.annotations import APPARMOR_CONTAINER, check_annotations
from agent.manifest.validation.options import WHOLE_OBJECT, Errors, Options
from agent.manifest.validation.scheduling import check_tolerations
from agent.model.container import Container, EphemeralContainer
from agent.model.gotext import quote
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec
from agent.model.scheduling import PodSchedulingGate, Toleration

Subresource = Literal["", "status", "ephemeralcontainers", "resize"]

_MIRROR: Final = "kubernetes.io/config.mirror"
_CHANGEABLE: Final = ",".join(
    (
        "`spec.containers[*].image`",
        "`spec.initContainers[*].image`",
        "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously "
        "negative)",
    )
)


def update_pod(
    new: Pod,
    old: Pod,
    subresource: Subresource = "",
    *,
    qos_class: Callable[[Pod], str],
    features: frozenset[str] = frozenset(),
    allow_privileged: bool = True,
    written: Mapping[str, Any] | None = None,
) -> Updated[Pod]:
    """Return the pod that an update stores, and what speaks against it.

    Both pods are defaulted; `qos_class` is rules.qos.qos_class. `features` are on in addition to
    1.34's own. `written` is the body as the client sent it, for the text of errors only.
    """
    new = replace(new, metadata=carry_over(new.metadata, old.metadata))
    prepared = drop_disabled_fields(_prepared(new, old, subresource), features)
    if subresource != "status" and prepared.spec != old.spec:
        meta = replace(prepared.metadata, generation=old.metadata.generation + 1)
        prepared = replace(prepared, metadata=meta)
    options = Options(allow_privileged, features)
    errors: Errors = []
    check_metadata_update(prepared.metadata, old.metadata, errors)
    if subresource != "status":
        check_updated_pod(prepared, errors, options)
    _check_annotations(prepared, old, errors)
    match subresource:
        case "status":
            check_status(prepared, old, errors)
        case "ephemeralcontainers":
            errors = _check_ephemeral(prepared, old, errors)
        case "resize":
            errors = check_resize(prepared, old, errors, qos_class)
        case _:
            sent = (written or {}).get("spec")
            _check_spec(prepared.spec, old.spec, sent, errors)
    common = common_errors(prepared.metadata, old.metadata)
    return Updated(prepared, common, tuple(errors))


def _prepared(new: Pod, old: Pod, subresource: Subresource) -> Pod:
    """Leave out what the request is not about (PrepareForUpdate)."""
    match subresource:
        case "status":
            return only_status(new, old)
        case "ephemeralcontainers":
            spec = replace(old.spec, ephemeral_containers=new.spec.ephemeral_containers)
            return replace(old, spec=spec, metadata=_fixed(new.metadata, old.metadata))
        case "resize":
            return only_resources(new, old, _fixed(new.metadata, old.metadata))
        case _:
            return replace(new, status=old.status)


def _fixed(new: ObjectMeta, old: ObjectMeta) -> ObjectMeta:
    """Metadata that a subresource cannot change (ResetObjectMetaForStatus)."""
    return replace(
        new,
        deletion_timestamp=old.deletion_timestamp,
        generation=old.generation,
        self_link=old.self_link,
        labels=old.labels,
        annotations=old.annotations,
        finalizers=old.finalizers,
        owner_references=old.owner_references,
    )


def _check_annotations(new: Pod, old: Pod, errors: Errors) -> None:
    """Some annotations mean what a pod is (ValidatePodSpecificAnnotationUpdates)."""
    after, before = new.metadata.annotations, old.metadata.annotations
    for key in before:
        if after.get(key) != before[key]:
            _refuse_annotation(key, "may not remove or update", errors)
    for key in after:
        if key not in before:
            _refuse_annotation(key, "may not add", errors)
    check_annotations(after, new.spec, errors)


def _refuse_annotation(key: str, what: str, errors: Errors) -> None:
    at = f"metadata.annotations[{key}]"
    if key.startswith(APPARMOR_CONTAINER):
        errors.append(forbidden(at, f"{what} AppArmor annotations"))
    if key == _MIRROR:
        errors.append(forbidden(at, f"{what} mirror pod annotation"))


def _check_spec(new: PodSpec, old: PodSpec, written: Any, errors: Errors) -> None:
    """Refuse every change of the spec but a few (ValidatePodUpdate)."""
    for field, after, before in (
        ("containers", new.containers, old.containers),
        ("initContainers", new.init_containers, old.init_containers),
    ):
        if len(after) != len(before):
            wrong = "pod updates may not add or remove containers"
            errors.append(forbidden(f"spec.{field}", wrong))
            return
        for index, container in enumerate(after):
            _check_image(container, f"spec.{field}[{index}].image", errors)
    if not _check_deadline(new, old, errors):
        return
    _check_tolerations(new.tolerations, old.tolerations, errors)
    _check_gates(new.scheduling_gates, old.scheduling_gates, errors)
    if new == old:
        return
    rest = _with_changeable(new, old)
    if old.scheduling_gates:
        rest = check_narrowing(rest, old, errors)
    if rest != old:
        wrong = f"pod updates may not change fields other than {_CHANGEABLE}"
        sent = {**written, "tolerations": None} if isinstance(written, Mapping) else None
        errors.append(forbidden("spec", f"{wrong}\n{difference(old, rest, sent)}"))


def _check_image(container: Container, path: str, errors: Errors) -> None:
    if not container.image:
        errors.append(required(path))
    if container.image.strip() != container.image:
        wrong = "must not have leading or trailing whitespace"
        errors.append(invalid(path, container.image, wrong))


def _check_deadline(new: PodSpec, old: PodSpec, errors: Errors) -> bool:
    """A deadline may be set and come nearer; False when nothing else is checked."""
    path = "spec.activeDeadlineSeconds"
    after, before = new.active_deadline_seconds, old.active_deadline_seconds
    if after is None:
        if before is not None:
            wrong = "must not update from a positive integer to nil value"
            errors.append(invalid(path, None, wrong))
        return True
    if not 0 <= after < 2**31:
        wrong = f"must be between 0 and {2**31 - 1}, inclusive"
        errors.append(invalid(path, after, wrong))
        return False
    if before is not None and before < after:
        errors.append(invalid(path, after, "must be less than or equal to previous value"))
        return False
    return True


def _check_tolerations(
    new: tuple[Toleration, ...], old: tuple[Toleration, ...], errors: Errors
) -> None:
    for before in old:
        kept = (
            replace(before, toleration_seconds=after.toleration_seconds) == after for after in new
        )
        if not any(kept):
            wrong = "existing toleration can not be modified except its tolerationSeconds"
            errors.append(forbidden("spec.tolerations", wrong))
            return
    check_tolerations(new, "spec.tolerations", errors)


def _check_gates(
    new: tuple[PodSchedulingGate, ...], old: tuple[PodSchedulingGate, ...], errors: Errors
) -> None:
    known = {gate.name for gate in old}
    added = {gate.name: index for index, gate in enumerate(new) if gate.name not in known}
    for name, index in added.items():
        wrong = f"only deletion is allowed, but found new scheduling gate '{name}'"
        errors.append(forbidden(f"spec.schedulingGates[{index}].name", wrong))


def _with_changeable(new: PodSpec, old: PodSpec) -> PodSpec:
    """Return `new` with what may change as it was."""
    grace = new.termination_grace_period_seconds
    before = old.termination_grace_period_seconds
    if before is not None and before < 0 and grace == 1:
        grace = before
    return replace(
        new,
        containers=_with_images(new.containers, old.containers),
        init_containers=_with_images(new.init_containers, old.init_containers),
        active_deadline_seconds=old.active_deadline_seconds,
        scheduling_gates=old.scheduling_gates,
        tolerations=old.tolerations,
        termination_grace_period_seconds=grace,
    )


def _with_images(new: tuple[Container, ...], old: tuple[Container, ...]) -> tuple[Container, ...]:
    return tuple(
        replace(container, image=before.image) for container, before in zip(new, old, strict=True)
    )


def _check_ephemeral(new: Pod, old: Pod, errors: Errors) -> Errors:
    """Ephemeral containers may only be added (ValidatePodEphemeralContainersUpdate)."""
    if _MIRROR in old.metadata.annotations:
        return [forbidden(WHOLE_OBJECT, "static pods do not support ephemeral containers")]
    path = "spec.ephemeralContainers"
    after = {container.name: container for container in new.spec.ephemeral_containers}
    for before in old.spec.ephemeral_containers:
        found: EphemeralContainer | None = after.get(before.name)
        shown = f"existing ephemeral containers {quote(before.name)}"
        if found is None:
            errors.append(forbidden(path, f"{shown} may not be removed\n"))
        elif found != before:
            text = f"{shown} may not be changed\n{difference(before, found)}"
            errors.append(forbidden(path, text))
    return errors
