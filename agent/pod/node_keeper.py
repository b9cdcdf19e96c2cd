"""Keeps the Node object and its lease, as a kubelet does: who looks sees that we are alive."""

from __future__ import annotations

import os
from collections.abc import Callable

from msgspec.structs import replace

from agent.host.clock import Clock
from agent.host.identifiers import new_uid
from agent.host.machine_info import MachineInfo, available_memory, disk_left, machine_info
from agent.host.scheduler import Scheduler, Timer
from agent.model.lease import Lease, LeaseSpec
from agent.model.meta import ObjectMeta, OwnerReference
from agent.model.node import Node, NodeSystemInfo
from agent.rules.node_status import NodeFacts, node_of, with_cordon
from agent.store.interface import Change, Store

#: Seconds between two renewals of the lease, and for how long one is good. A kubelet renews every
#: 10 s, so that its pods can be moved elsewhere; there is no elsewhere, and disks may sleep.
RENEW_SECONDS, LEASE_SECONDS = 60.0, 180
#: The same while the agent does not do its work: a start is not to look like a failure for long.
RECOVERY_SECONDS = 1.0
#: Renewals after which the node's conditions are written again although nothing changed.
_HEARTBEAT = 5
LEASES = "kube-node-lease"


class NodeKeeper:
    """Keeps one node."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        scheduler: Scheduler,
        *,
        name: str,
        address: str,
        disk_path: str,
        versions: tuple[str, str],
        troubles: Callable[[], tuple[str, ...]],
    ) -> None:
        """`versions`: of Kubernetes as we speak it, and of barepod."""
        self._store = store
        self._clock = clock
        self._scheduler = scheduler
        self._name = name
        self._address = address
        self._disk_path = disk_path
        self._versions = versions
        self._troubles = troubles
        self._info = machine_info(disk_path)
        self._timer: Timer | None = None
        self._beats = 0
        self._forget = store.watch(self._seen)

    def start(self) -> None:
        """Publish the node, and go on doing so."""
        self._beat()

    def look(self) -> None:
        """Something has changed that others should see now."""
        if self._timer is not None:
            self._timer.cancel()
        self._beat()

    def stop(self) -> None:
        """No more of it."""
        self._forget()
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        self._publish(is_due=self._beats % _HEARTBEAT == 0)
        self._renew()
        self._beats += 1
        pause = RECOVERY_SECONDS if self._troubles() else RENEW_SECONDS
        self._timer = self._scheduler.call_later(pause, self._beat)

    def _publish(self, *, is_due: bool) -> None:
        before = self._store.get(Node, "", self._name)
        node = node_of(self._facts(), before, self._clock.now())
        if before is None:
            node = replace(node, metadata=replace(node.metadata, uid=new_uid()))
        if is_due or before is None or _differs(before, node):
            self._store.put(node)

    def _facts(self) -> NodeFacts:
        info = self._info
        free_disk, _ = disk_left(self._disk_path)
        return NodeFacts(
            name=self._name,
            address=self._address,
            hostname=os.uname().nodename,
            info=_system_info(info, self._versions),
            cpus=info.cpus,
            memory=info.memory,
            disk=info.disk,
            free_memory=available_memory(),
            free_disk=free_disk,
            trouble="; ".join(self._troubles()),
        )

    def _renew(self) -> None:
        now = self._clock.now()
        found = self._store.get(Lease, LEASES, self._name)
        if found is None:
            node = self._store.get(Node, "", self._name)
            owner = OwnerReference(
                api_version="v1",
                kind="Node",
                name=self._name,
                uid=node.metadata.uid if node is not None else "",
            )
            found = Lease(
                metadata=ObjectMeta(
                    name=self._name,
                    namespace=LEASES,
                    uid=new_uid(),
                    creation_timestamp=now.replace(microsecond=0),
                    owner_references=(owner,),
                )
            )
        spec = LeaseSpec(
            holder_identity=self._name, lease_duration_seconds=LEASE_SECONDS, renew_time=now
        )
        self._store.put(replace(found, spec=spec))

    def _seen(self, change: Change) -> None:
        """A cordon has a taint, as the node lifecycle controller gives it."""
        node = change.object
        if isinstance(node, Node) and node.metadata.name == self._name:
            tainted = with_cordon(node, self._clock.now().replace(microsecond=0))
            if tainted is not node and self._store.get(Node, "", self._name) is node:
                self._store.put(tainted)


def _differs(before: Node, now: Node) -> bool:
    """Whether more than the time of a heartbeat has changed."""
    return _timeless(before) != _timeless(now)


def _timeless(node: Node) -> Node:
    conditions = tuple(replace(one, last_heartbeat_time=None) for one in node.status.conditions)
    return replace(node, status=replace(node.status, conditions=conditions))


def _system_info(info: MachineInfo, versions: tuple[str, str]) -> NodeSystemInfo:
    kubernetes, own = versions
    return NodeSystemInfo(
        machine_id=info.machine_id,
        system_uuid=info.system_uuid,
        boot_id=info.boot_id,
        kernel_version=info.kernel,
        os_image=info.os_image,
        container_runtime_version=f"barepod://{own}",
        kubelet_version=f"v{kubernetes}.0+barepod.{own}",
        kube_proxy_version="",
        operating_system="linux",
        architecture=info.architecture,
    )
