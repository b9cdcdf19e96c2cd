"""ServiceAccount: the identity that pods have towards the API."""

from __future__ import annotations

from agent.model.base import Object, always
from agent.model.meta import LocalObjectReference, ObjectMeta, ObjectReference


class ServiceAccount(Object):
    """An identity, and the secrets that belong to it."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    secrets: tuple[ObjectReference, ...] = ()
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    automount_service_account_token: bool | None = None
