"""Can the pod go on in the sandbox it has?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.model.pod import Pod
from agent.model.runtime import Sandbox


class SandboxVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """`sandbox_id` is the one to use or to replace; `attempt` the number of the one in use next."""

    changed: bool
    attempt: int
    sandbox_id: str


def judge_sandbox(pod: Pod, sandboxes: Sequence[Sandbox]) -> SandboxVerdict:
    """Decide on the newest sandbox (`sandboxes[0]`).

    Kubernetes: PodSandboxChanged (kuberuntime/util/util.go).
    """
    if not sandboxes:
        return SandboxVerdict(changed=True, attempt=0, sandbox_id="")
    newest = sandboxes[0]
    again = newest.attempt + 1
    ready = sum(1 for sandbox in sandboxes if sandbox.ready)
    if ready > 1 or not newest.ready:
        return SandboxVerdict(changed=True, attempt=again, sandbox_id=newest.sandbox_id)
    host_network = pod.spec.host_network
    if newest.host_network is not None and newest.host_network is not host_network:
        return SandboxVerdict(changed=True, attempt=again, sandbox_id="")
    if not host_network and not newest.ip:
        return SandboxVerdict(changed=True, attempt=again, sandbox_id=newest.sandbox_id)
    return SandboxVerdict(changed=False, attempt=newest.attempt, sandbox_id=newest.sandbox_id)
