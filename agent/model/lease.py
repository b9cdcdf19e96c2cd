"""Lease: who holds something, and until when (coordination.k8s.io/v1)."""

from __future__ import annotations

from agent.model import names
from agent.model.base import Int32, MicroTime, Object, always
from agent.model.meta import ObjectMeta


class LeaseSpec(Object):
    """The holder and the times of a lease."""

    holder_identity: str | None = None
    lease_duration_seconds: Int32 | None = None
    acquire_time: MicroTime | None = None
    renew_time: MicroTime | None = None
    lease_transitions: Int32 | None = None
    strategy: names.CoordinatedLeaseStrategy | None = None
    preferred_holder: str | None = None


class Lease(Object):
    """A lease; that of a node says that its agent is alive."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: LeaseSpec = always(factory=LeaseSpec)
