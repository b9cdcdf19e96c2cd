"""Are the security contexts of pod and containers valid?"""

from __future__ import annotations

from agent.manifest.errors import (
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, Options, report
from agent.manifest.validation.windows import check_windows_options
from agent.model.pod import PodSpec
from agent.model.security import (
    AppArmorProfile,
    PodSecurityContext,
    SeccompProfile,
    SecurityContext,
    Sysctl,
)

_PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_MAX_PATH = 4095
_SYSCTL_FORMAT = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_SYSCTL_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_"
_IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "fs.mqueue.")


def check_security_context(
    context: SecurityContext | None,
    path: str,
    errors: Errors,
    options: Options,
    *,
    host_users: bool,
) -> None:
    """Check one container's (ValidateSecurityContext)."""
    if context is None:
        return
    if context.privileged and not options.allow_privileged:
        errors.append(forbidden(f"{path}.privileged", "disallowed by cluster policy"))
    _check_id(context.run_as_user, f"{path}.runAsUser", errors)
    _check_id(context.run_as_group, f"{path}.runAsGroup", errors)
    _check_proc_mount(context.proc_mount, f"{path}.procMount", errors, host_users=host_users)
    _check_seccomp(context.seccomp_profile, f"{path}.seccompProfile", errors)
    if context.allow_privilege_escalation is False:
        _check_no_escalation(context, path, errors)
    check_windows_options(context.windows_options, f"{path}.windowsOptions", errors)
    _check_apparmor(context.app_armor_profile, f"{path}.appArmorProfile", errors)


def _check_id(number: int | None, path: str, errors: Errors) -> None:
    if number is not None:
        report(errors, path, number, names.user_or_group_id(number))


def _check_proc_mount(kind: str | None, path: str, errors: Errors, *, host_users: bool) -> None:
    if kind is None:
        return
    if kind not in ("Default", "Unmasked"):
        errors.append(not_supported(path, kind, ("Default", "Unmasked")))
    if host_users and kind == "Unmasked":
        errors.append(invalid(path, kind, "`hostUsers` must be false to use `Unmasked`"))


def _check_no_escalation(context: SecurityContext, path: str, errors: Errors) -> None:
    if context.privileged:
        wrong = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        errors.append(invalid(path, context, wrong))
    added = () if context.capabilities is None else context.capabilities.add
    for capability in added:
        if capability == "CAP_SYS_ADMIN":
            wrong = (
                "cannot set `allowPrivilegeEscalation` to false and "
                "`capabilities.Add` CAP_SYS_ADMIN"
            )
            errors.append(invalid(path, context, wrong))


def _check_seccomp(profile: SeccompProfile | None, path: str, errors: Errors) -> None:
    """Check a seccomp profile (validateSeccompProfileField)."""
    if profile is None:
        return
    if not profile.type:
        wrong = "type is required when seccompProfile is set"
        errors.append(required(f"{path}.type", wrong))
    elif profile.type not in _PROFILE_TYPES:
        errors.append(not_supported(f"{path}.type", profile.type, _PROFILE_TYPES))
    file = profile.localhost_profile
    if profile.type != "Localhost":
        if file is not None:
            wrong = "can only be set when seccomp type is Localhost"
            errors.append(invalid(f"{path}.localhostProfile", profile, wrong))
    elif file is None:
        wrong = "must be set when seccomp type is Localhost"
        errors.append(required(f"{path}.localhostProfile", wrong))
    else:
        report(errors, f"{path}.localhostProfile", file, names.descending_path(file))


def _check_apparmor(profile: AppArmorProfile | None, path: str, errors: Errors) -> None:
    """Check an AppArmor profile (ValidateAppArmorProfileField)."""
    if profile is None:
        return
    if profile.type == "Localhost":
        _check_apparmor_file(profile.localhost_profile, f"{path}.localhostProfile", errors)
    elif profile.type in _PROFILE_TYPES:
        if profile.localhost_profile is not None:
            wrong = "can only be set when AppArmor type is Localhost"
            at = f"{path}.localhostProfile"
            errors.append(invalid(at, profile.localhost_profile, wrong))
    elif not profile.type:
        wrong = "type is required when appArmorProfile is set"
        errors.append(required(f"{path}.type", wrong))
    else:
        errors.append(not_supported(f"{path}.type", profile.type, _PROFILE_TYPES))


def _check_apparmor_file(name: str | None, path: str, errors: Errors) -> None:
    missing = "must be set when AppArmor type is Localhost"
    if name is None:
        errors.append(required(path, missing))
        return
    if name != name.strip():
        errors.append(invalid(path, name, "must not be padded with whitespace"))
    elif not name:
        errors.append(required(path, missing))
    if names.size(name) > _MAX_PATH:
        errors.append(too_long(path, _MAX_PATH))


def check_pod_security_context(spec: PodSpec, path: str, errors: Errors) -> None:
    """Check the pod's (validatePodSpecSecurityContext)."""
    context = spec.security_context or PodSecurityContext()
    _check_id(context.fs_group, f"{path}.fsGroup", errors)
    _check_id(context.run_as_user, f"{path}.runAsUser", errors)
    _check_id(context.run_as_group, f"{path}.runAsGroup", errors)
    for index, group in enumerate(context.supplemental_groups):
        _check_id(group, f"{path}.supplementalGroups[{index}]", errors)
    if spec.share_process_namespace and spec.host_pid:
        wrong = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid(f"{path}.shareProcessNamespace", True, wrong))
    _check_sysctls(context.sysctls, spec, f"{path}.sysctls", errors)
    _check_choice(
        context.fs_group_change_policy,
        ("Always", "OnRootMismatch"),
        f"{path}.fsGroupChangePolicy",
        errors,
    )
    _check_seccomp(context.seccomp_profile, f"{path}.seccompProfile", errors)
    check_windows_options(context.windows_options, f"{path}.windowsOptions", errors)
    _check_apparmor(context.app_armor_profile, f"{path}.appArmorProfile", errors)
    at = f"{path}.supplementalGroupsPolicy"
    _check_choice(context.supplemental_groups_policy, ("Merge", "Strict"), at, errors)
    at = f"{path}.seLinuxChangePolicy"
    _check_choice(context.se_linux_change_policy, ("Recursive",), at, errors)


def _check_choice(value: str | None, supported: tuple[str, ...], path: str, errors: Errors) -> None:
    if value is not None and value not in supported:
        errors.append(not_supported(path, value, supported))


def _check_sysctls(sysctls: tuple[Sysctl, ...], spec: PodSpec, path: str, errors: Errors) -> None:
    """Check kernel parameters; those of a namespace shared with the host may not be set."""
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        at, name = f"{path}[{index}].name", sysctl.name
        if not name:
            errors.append(required(at))
        elif not _is_sysctl(name):
            wrong = f"must have at most 253 characters and match regex {_SYSCTL_FORMAT}"
            errors.append(invalid(at, name, wrong))
        elif name in seen:
            errors.append(duplicate(at, name))
        seen.add(name)
        dotted = _with_dots(name)
        if spec.host_network and dotted.startswith("net."):
            wrong = "may not be specified when 'hostNetwork' is true"
            errors.append(invalid(at, name, wrong))
        elif spec.host_ipc and (dotted == "kernel.sem" or dotted.startswith(_IPC_SYSCTLS)):
            wrong = "may not be specified when 'hostIPC' is true"
            errors.append(invalid(at, name, wrong))


def _is_sysctl(name: str) -> bool:
    return names.size(name) <= 253 and all(
        part and not part.strip(_SYSCTL_CHARACTERS) and part[0] not in "-_" and part[-1] not in "-_"
        for part in name.replace("/", ".").split(".")
    )


def _with_dots(name: str) -> str:
    """The name with dots between its parts, if the first separator is a slash."""
    first = next((character for character in name if character in "./"), ".")
    if first == ".":
        return name
    return name.translate({ord("/"): ".", ord("."): "/"})
