"""What stands in a pod's hosts file?"""

from __future__ import annotations

from collections.abc import Iterable

from agent.model.pod import HostAlias

_HEADER = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""


def hosts_file(
    pod_ips: Iterable[str], hostname: str, domain: str, aliases: Iterable[HostAlias]
) -> str:
    """Return the file for a pod with its own network name.

    Kubernetes: managedHostsFileContent (kubelet/kubelet_pods.go).
    """
    names = f"{hostname}.{domain}\t{hostname}" if domain else hostname
    own = "".join(f"{ip}\t{names}\n" for ip in pod_ips)
    return _HEADER + own + _alias_lines(aliases)


def _alias_lines(aliases: Iterable[HostAlias]) -> str:
    lines = ["\t".join([alias.ip, "\t".join(alias.hostnames)]) + "\n" for alias in aliases]
    return "\n# Entries added by HostAliases.\n" + "".join(lines) if lines else ""
