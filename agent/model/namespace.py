"""Namespace."""

from __future__ import annotations

from agent.model import names
from agent.model.base import Object, Time, always
from agent.model.meta import ObjectMeta


class NamespaceSpec(Object):
    """What keeps the namespace from vanishing."""

    finalizers: tuple[names.FinalizerName, ...] = ()


class NamespaceCondition(Object):
    """One aspect of a namespace that is True, False or Unknown."""

    type: str = always(factory=str)
    status: names.ConditionStatus = always(factory=str)
    last_transition_time: Time | None = always(factory=lambda: None)
    reason: str = ""
    message: str = ""


class NamespaceStatus(Object):
    """A namespace as observed."""

    phase: names.NamespacePhase = ""
    conditions: tuple[NamespaceCondition, ...] = ()


class Namespace(Object):
    """A scope for names."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: NamespaceSpec = always(factory=NamespaceSpec)
    status: NamespaceStatus = always(factory=NamespaceStatus)
