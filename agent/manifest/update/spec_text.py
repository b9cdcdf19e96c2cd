"""How does Kubernetes print a pod's spec, and the difference of two? For its messages.

Its validation sees internal types: fields have Go's names, some stand in other places than on
the wire, and nothing is left out. (apimachinery: pkg/util/diff)
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import fields

from agent.manifest.gojson import go_name, is_on_the_wire
from agent.model.base import Object
from agent.model.pod import PodSpec
from agent.model.security import PodSecurityContext
from agent.model.volume import Volume

#: Fields that the internal pod keeps in its security context.
_HOST: Final = ("host_network", "host_pid", "host_ipc", "share_process_namespace", "host_users")
#: Kinds of fields that stand in another order inside; what is not named follows as it is.
_ORDER: Final[dict[type[Object], tuple[str, ...]]] = {
    PodSpec: (
        "volumes", "init_containers", "containers", "ephemeral_containers", "restart_policy",
        "termination_grace_period_seconds", "active_deadline_seconds", "dns_policy",
        "node_selector", "service_account_name", "automount_service_account_token", "node_name",
        "security_context", "image_pull_secrets", "hostname", "subdomain", "set_hostname_as_fqdn",
        "affinity", "scheduler_name", "tolerations", "host_aliases", "priority_class_name",
        "priority", "preemption_policy", "dns_config", "readiness_gates", "runtime_class_name",
        "overhead", "enable_service_links", "topology_spread_constraints", "os",
        "scheduling_gates", "resource_claims", "resources", "hostname_override",
    ),
    PodSecurityContext: (
        "se_linux_options", "windows_options", "run_as_user", "run_as_group", "run_as_non_root",
        "supplemental_groups", "supplemental_groups_policy", "fs_group",
        "fs_group_change_policy", "sysctls", "seccomp_profile", "app_armor_profile",
        "se_linux_change_policy",
    ),
    Volume: (
        "name", "host_path", "empty_dir", "gce_persistent_disk", "aws_elastic_block_store",
        "git_repo", "secret", "nfs", "iscsi", "glusterfs", "persistent_volume_claim", "rbd",
        "quobyte", "flex_volume", "cinder", "cephfs", "flocker", "downward_api", "fc",
        "azure_file", "config_map", "vsphere_volume", "azure_disk", "photon_persistent_disk",
        "projected", "portworx_volume", "scale_io", "storageos", "csi", "ephemeral", "image",
    ),
}  # fmt: skip
#: On the wire for old clients only.
_NOT_INSIDE: Final = frozenset({"service_account", *_HOST})
#: Lists that the API server makes anew, so that an empty one is none.
_MADE_ANEW: Final = frozenset({"volumes", "containers", "init_containers", "volume_mounts"})


def difference(old: Object, new: Object, written: Mapping[str, Any] | None = None) -> str:
    """Return the unified diff of two specs, or containers, as Kubernetes shows it.

    `written` is what the client sent for `new`: an empty list or map that stands there is shown
    as such, one that was left out is null.
    """
    before, after = _lines(old, None), _lines(new, written)
    hunks = difflib.unified_diff(before, after, n=3)
    return "".join(list(hunks)[2:])


def _lines(value: Object, written: Mapping[str, Any] | None) -> list[str]:
    text = json.dumps(_struct(value, written), indent=1, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return [f"{line}\n" for line in text.split("\n")]


def _struct(value: Object, written: Any) -> dict[str, Any]:
    sent = written if isinstance(written, Mapping) else {}
    result: dict[str, Any] = {}
    for name, json_name in _names(type(value)).items():
        item = getattr(value, name)
        if name == "security_context" and isinstance(value, PodSpec):
            result["SecurityContext"] = _pod_context(value, sent.get(json_name))
        else:
            given = None if name in _MADE_ANEW and not item else sent.get(json_name)
            result[go_name(json_name)] = _plain(item, given)
    return result


def _names(cls: type[Object]) -> dict[str, str]:
    """The attributes in the internal order, with their JSON names."""
    known = {field.name: field.encode_name for field in fields(cls)}
    ordered = dict.fromkeys((*_ORDER.get(cls, ()), *known))
    return {name: known[name] for name in ordered if not (cls is PodSpec and name in _NOT_INSIDE)}


def _pod_context(spec: PodSpec, written: Any) -> dict[str, Any]:
    names = {field.name: field.encode_name for field in fields(PodSpec)}
    host = {go_name(names[name]): getattr(spec, name) for name in _HOST}
    return host | _struct(spec.security_context or PodSecurityContext(), written)


def _plain(value: Any, written: Any) -> Any:
    if isinstance(value, Object):
        if is_on_the_wire(value):
            return msgspec.to_builtins(value)
        return _struct(value, written)
    if isinstance(value, tuple):
        sent = written if isinstance(written, list) else []
        if not value:
            return [] if isinstance(written, list) else None
        return [
            _plain(item, sent[index] if index < len(sent) else None)
            for index, item in enumerate(value)
        ]
    if isinstance(value, Mapping):
        if not value:
            return {} if isinstance(written, Mapping) else None
        return {key: _plain(value[key], None) for key in sorted(value)}
    return value
