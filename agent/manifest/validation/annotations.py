"""Are the annotations that mean something to a pod valid? (ValidatePodSpecificAnnotations)"""

from __future__ import annotations

from collections.abc import Mapping

from agent.manifest.errors import forbidden, invalid
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, report
from agent.manifest.validation.visit import containers_with_path
from agent.model.pod import Pod, PodSpec
from agent.model.scheduling import Toleration
from agent.model.security import AppArmorProfile, SeccompProfile

MIRROR = "kubernetes.io/config.mirror"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APPARMOR_CONTAINER = "container.apparmor.security.beta.kubernetes.io/"
_LOCALHOST = "localhost/"


def check_annotations(annotations: Mapping[str, str], spec: PodSpec, errors: Errors) -> None:
    """Check each known annotation by itself."""
    path = "metadata.annotations"
    if MIRROR in annotations and not spec.node_name:
        wrong = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(invalid(f"{path}[{MIRROR}]", annotations[MIRROR], wrong))
    if annotations.get(TOLERATIONS):
        _check_tolerations(annotations[TOLERATIONS], path, errors)
    cost = annotations.get(DELETION_COST)
    if cost is not None and not _is_deletion_cost(cost):
        errors.append(invalid(f"{path}[{DELETION_COST}]", cost, "must be a 32bit integer"))
    if SECCOMP_POD in annotations:
        _check_seccomp(annotations[SECCOMP_POD], f"{path}.{SECCOMP_POD}", errors)
    for key, profile in annotations.items():
        if key.startswith(SECCOMP_CONTAINER):
            _check_seccomp(profile, f"{path}.{key}", errors)
    for key, profile in annotations.items():
        if key.startswith(APPARMOR_CONTAINER):
            _check_apparmor(key, profile, spec, f"{path}[{key}]", errors)


def _check_tolerations(text: str, path: str, errors: Errors) -> None:
    """Check tolerations that are written as JSON in an annotation."""
    from agent.manifest import json_text  # nearly nobody has this annotation
    from agent.manifest.decode import decode
    from agent.manifest.document import TextError
    from agent.manifest.findings import go_kind
    from agent.manifest.validation.scheduling import check_tolerations

    problem: str | None = None
    tolerations: list[Toleration] = []
    try:
        value = json_text.read(text).value
    except TextError as exc:
        value, problem = None, exc.go_text
    if isinstance(value, list):
        for item in value:
            decoded = decode(Toleration, item)
            problem = problem or decoded.error
            tolerations.append(decoded.object)
    elif value is not None:
        kind = go_kind(value, "")
        problem = f"json: cannot unmarshal {kind} into Go value of type []core.Toleration"
    if problem is not None:
        errors.append(invalid(path, TOLERATIONS, problem))
    else:
        check_tolerations(tolerations, f"{path}.{TOLERATIONS}", errors)


def _is_deletion_cost(text: str) -> bool:
    """An int32 in decimal; a number that is not negative has no sign and no leading zeros."""
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or (text[0] == "0" and text != "0"):
        return False
    return len(digits.lstrip("0")) <= 10 and -(2**31) <= int(text) < 2**31


def _check_seccomp(profile: str, path: str, errors: Errors) -> None:
    if profile in ("runtime/default", "docker/default", "unconfined"):
        return
    if profile.startswith(_LOCALHOST):
        file = profile.removeprefix(_LOCALHOST)
        report(errors, path, file, names.descending_path(file))
        return
    errors.append(invalid(path, profile, "must be a valid seccomp profile"))


def _check_apparmor(key: str, profile: str, spec: PodSpec, path: str, errors: Errors) -> None:
    container = key.removeprefix(APPARMOR_CONTAINER)
    if all(known.name != container for known, _ in containers_with_path(spec)):
        errors.append(invalid(path, container, "container not found"))
    if profile in ("", "runtime/default", "unconfined") or profile.startswith(_LOCALHOST):
        return
    errors.append(invalid(path, profile, f'invalid AppArmor profile name: "{profile}"'))


def check_agreement(pod: Pod, errors: Errors) -> None:
    """Check that annotations agree with the fields that have replaced them."""
    annotations = pod.metadata.annotations
    if not annotations:
        return
    context = pod.spec.security_context
    if context is not None and context.seccomp_profile is not None and SECCOMP_POD in annotations:
        path = "spec.securityContext.seccompProfile"
        _compare_seccomp(annotations[SECCOMP_POD], context.seccomp_profile, path, errors)
    for container, path in containers_with_path(pod.spec):
        own = container.security_context
        annotation = annotations.get(SECCOMP_CONTAINER + container.name)
        if annotation is not None and own is not None and own.seccomp_profile is not None:
            at = f"{path}.securityContext.seccompProfile"
            _compare_seccomp(annotation, own.seccomp_profile, at, errors)
    if pod.spec.os is not None and pod.spec.os.name == "windows":
        return
    inherited = None if context is None else context.app_armor_profile
    for container, path in containers_with_path(pod.spec):
        own = container.security_context
        profile = inherited if own is None else own.app_armor_profile or inherited
        annotation = annotations.get(APPARMOR_CONTAINER + container.name)
        if annotation is not None and profile is not None:
            at = f"{path}.securityContext.appArmorProfile"
            _compare(annotation, profile, "apparmor", ("runtime/default",), at, errors)


def _compare_seccomp(annotation: str, profile: SeccompProfile, path: str, errors: Errors) -> None:
    _compare(annotation, profile, "seccomp", ("runtime/default", "docker/default"), path, errors)


def _compare(
    annotation: str,
    profile: SeccompProfile | AppArmorProfile,
    what: str,
    defaults: tuple[str, ...],
    path: str,
    errors: Errors,
) -> None:
    matches = {
        "Unconfined": annotation == "unconfined",
        "RuntimeDefault": annotation in defaults,
        "Localhost": annotation.startswith(_LOCALHOST),
    }
    if not matches.get(profile.type, True):
        wrong = f"{what} type in annotation and field must match"
        errors.append(forbidden(f"{path}.type", wrong))
    elif profile.type == "Localhost" and annotation != _LOCALHOST + (
        profile.localhost_profile or ""
    ):
        wrong = f"{what} profile in annotation and field must match"
        errors.append(forbidden(f"{path}.localhostProfile", wrong))
