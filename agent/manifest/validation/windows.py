"""Are the fields for Windows valid, and do the fields fit the pod's operating system?

barepod runs on Linux; the rules are here so that a manifest gets the answer of a cluster.
"""

from __future__ import annotations

import re

from agent.manifest.errors import forbidden, invalid, not_supported, required
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, Options, report
from agent.manifest.validation.visit import containers_with_path
from agent.model.pod import PodOS, PodSpec
from agent.model.security import PodSecurityContext, WindowsSecurityContextOptions

_NOT_ON_WINDOWS = "cannot be set for a windows pod"
_MAX_SPEC_KIB = 64
_MAX_DOMAIN, _MAX_USER = 256, 104
_NET_BIOS = r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}'
_DNS_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"


def check_windows_options(
    options: WindowsSecurityContextOptions | None, path: str, errors: Errors
) -> None:
    """Check options of a security context (validateWindowsSecurityContextOptions)."""
    if options is None:
        return
    name = options.gmsa_credential_spec_name
    if name is not None:
        report(errors, f"{path}.gmsaCredentialSpecName", name, names.dns_subdomain(name))
    spec = options.gmsa_credential_spec
    if spec is not None:
        at = f"{path}.gmsaCredentialSpec"
        if not spec:
            errors.append(invalid(at, spec, "gmsaCredentialSpec cannot be an empty string"))
        elif names.size(spec) > _MAX_SPEC_KIB * 1024:
            wrong = f"gmsaCredentialSpec size must be under {_MAX_SPEC_KIB} KiB"
            errors.append(invalid(at, spec, wrong))
    user = options.run_as_user_name
    if user is not None:
        messages = (f"runAsUserName{message}" for message in _user_messages(user))
        report(errors, f"{path}.runAsUserName", user, messages)


def _user_messages(text: str) -> names.Messages:
    """What is wrong with `DOMAIN\\USER`, as the end of a sentence about it."""
    if not text:
        return [" cannot be an empty string"]
    if any(character < " " or character == "\x7f" for character in text):
        return [" cannot contain control characters"]
    if text.count("\\") > 1:
        return [" cannot contain more than one backslash"]
    domain, backslash, user = text.rpartition("\\")
    messages: names.Messages = []
    if names.size(domain) >= _MAX_DOMAIN:
        messages.append(f"'s Domain length must be under {_MAX_DOMAIN} characters")
    if backslash and not re.fullmatch(rf"{_NET_BIOS}|{_DNS_PART}(?:\.{_DNS_PART})*", domain):
        messages.append("'s Domain doesn't match the NetBios nor the DNS format")
    if not user:
        messages.append("'s User cannot be empty")
    elif names.size(user) > _MAX_USER:
        messages.append(f"'s User length must not be longer than {_MAX_USER} characters")
    if user and not user.strip(". "):
        messages.append("'s User cannot contain only periods or spaces")
    if any(character in '"/\\:;|=,+*?<>@[]' for character in user):
        messages.append(r"""'s User cannot contain the following characters: "/\:;|=,+*?<>@[]""")
    return messages


def check_host_process(spec: PodSpec, errors: Errors, options: Options) -> None:
    """Check that all containers agree on being host processes (validateWindowsHostProcessPod)."""
    context = spec.security_context
    inherited: bool | None = None
    if context is not None and context.windows_options is not None:
        inherited = context.windows_options.host_process
    total = host_processes = 0
    for container, path in containers_with_path(spec):
        total += 1
        own: bool | None = None
        if container.security_context is not None:
            windows = container.security_context.windows_options
            own = None if windows is None else windows.host_process
        if inherited is not None and own is not None and inherited != own:
            shown = "true" if inherited else "false"
            wrong = f"pod hostProcess value must be identical if both are specified, was {shown}"
            at = f"{path}.securityContext.windowsOptions.hostProcess"
            errors.append(invalid(at, own, wrong))
        host_processes += bool(inherited if own is None else own)
    if not host_processes:
        return
    if host_processes != total:
        wrong = (
            "If pod contains any hostProcess containers then all containers must be "
            "HostProcess containers"
        )
        errors.append(invalid("spec", "", wrong))
    if not spec.host_network:
        wrong = "hostNetwork must be true if pod contains any hostProcess containers"
        errors.append(invalid("spec.hostNetwork", False, wrong))
    if not options.allow_privileged:
        wrong = "hostProcess containers are disallowed by cluster policy"
        errors.append(forbidden("spec", wrong))


def check_os(spec: PodSpec, os: PodOS, errors: Errors) -> None:
    """Check the operating system's name and, if it is known, the fields it does not have."""
    if not os.name:
        errors.append(required("spec.os.name"))
    elif os.name == "linux":
        _check_linux(spec, errors)
    elif os.name == "windows":
        _check_windows(spec, errors)
    else:
        errors.append(not_supported("spec.os", os.name, ("linux", "windows")))


def _check_linux(spec: PodSpec, errors: Errors) -> None:
    wrong = "windows options cannot be set for a linux pod"
    if spec.security_context is not None and spec.security_context.windows_options is not None:
        errors.append(forbidden("spec.securityContext.windowsOptions", wrong))
    for container, path in containers_with_path(spec):
        context = container.security_context
        if context is not None and context.windows_options is not None:
            errors.append(forbidden(f"{path}.securityContext.windowsOptions", wrong))


def _check_windows(spec: PodSpec, errors: Errors) -> None:
    _forbid(_pod_fields(spec), "spec", errors)
    for container, path in containers_with_path(spec):
        own = container.security_context
        if own is not None:
            fields: list[tuple[str, object]] = [
                ("appArmorProfile", own.app_armor_profile),
                ("seLinuxOptions", own.se_linux_options),
                ("seccompProfile", own.seccomp_profile),
                ("capabilities", own.capabilities),
                ("readOnlyRootFilesystem", own.read_only_root_filesystem),
                ("privileged", own.privileged),
                ("allowPrivilegeEscalation", own.allow_privilege_escalation),
                ("procMount", own.proc_mount),
                ("runAsUser", own.run_as_user),
                ("runAsGroup", own.run_as_group),
            ]
            _forbid(fields, f"{path}.securityContext", errors)


def _pod_fields(spec: PodSpec) -> list[tuple[str, object]]:
    """The pod's fields that Windows does not have, in the order in which they are told."""
    context = spec.security_context or PodSecurityContext()
    inside = "securityContext."
    return [
        (f"{inside}appArmorProfile", context.app_armor_profile),
        (f"{inside}seLinuxOptions", context.se_linux_options),
        ("hostUsers", spec.host_users),
        ("hostPID", spec.host_pid or None),
        ("hostIPC", spec.host_ipc or None),
        (f"{inside}seccompProfile", context.seccomp_profile),
        (f"{inside}fsGroup", context.fs_group),
        (f"{inside}fsGroupChangePolicy", context.fs_group_change_policy),
        (f"{inside}sysctls", context.sysctls or None),
        ("shareProcessNamespace", spec.share_process_namespace),
        (f"{inside}runAsUser", context.run_as_user),
        (f"{inside}runAsGroup", context.run_as_group),
        (f"{inside}supplementalGroups", context.supplemental_groups or None),
        (f"{inside}supplementalGroupsPolicy", context.supplemental_groups_policy),
        (f"{inside}seLinuxChangePolicy", context.se_linux_change_policy),
    ]


def _forbid(fields: list[tuple[str, object]], path: str, errors: Errors) -> None:
    for field, value in fields:
        if value is not None:
            errors.append(forbidden(f"{path}.{field}", _NOT_ON_WINDOWS))
