"""Whom a process runs as and what it may do."""

from __future__ import annotations

from agent.model import names
from agent.model.base import Int64, Object, always


class Capabilities(Object):
    """POSIX capabilities to add and drop."""

    add: tuple[names.Capability, ...] = ()
    drop: tuple[names.Capability, ...] = ()


class SELinuxOptions(Object):
    """SELinux label."""

    user: str = ""
    role: str = ""
    type: str = ""
    level: str = ""


class WindowsSecurityContextOptions(Object):
    """Windows only; known by name."""

    gmsa_credential_spec_name: str | None = None
    gmsa_credential_spec: str | None = None
    run_as_user_name: str | None = None
    host_process: bool | None = None


class SeccompProfile(Object):
    """Seccomp profile to apply."""

    type: names.SeccompProfileType = always(factory=str)
    localhost_profile: str | None = None


class AppArmorProfile(Object):
    """AppArmor profile to apply."""

    type: names.AppArmorProfileType = always(factory=str)
    localhost_profile: str | None = None


class SecurityContext(Object):
    """Security settings of one container; override the pod's."""

    capabilities: Capabilities | None = None
    privileged: bool | None = None
    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsSecurityContextOptions | None = None
    run_as_user: Int64 | None = None
    run_as_group: Int64 | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    proc_mount: names.ProcMountType | None = None
    seccomp_profile: SeccompProfile | None = None
    app_armor_profile: AppArmorProfile | None = None


class Sysctl(Object):
    """A kernel parameter."""

    name: str = always(factory=str)
    value: str = always(factory=str)


class PodSecurityContext(Object):
    """Security settings of all containers of a pod."""

    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsSecurityContextOptions | None = None
    run_as_user: Int64 | None = None
    run_as_group: Int64 | None = None
    run_as_non_root: bool | None = None
    supplemental_groups: tuple[Int64, ...] = ()
    supplemental_groups_policy: names.SupplementalGroupsPolicy | None = None
    fs_group: Int64 | None = None
    sysctls: tuple[Sysctl, ...] = ()
    fs_group_change_policy: names.PodFSGroupChangePolicy | None = None
    seccomp_profile: SeccompProfile | None = None
    app_armor_profile: AppArmorProfile | None = None
    se_linux_change_policy: names.PodSELinuxChangePolicy | None = None
