"""ConfigMap and Secret."""

from __future__ import annotations

from agent.model import names
from agent.model.base import Base64, Object, always
from agent.model.meta import ObjectMeta


class ConfigMap(Object):
    """Configuration by key; `binary_data` holds base64 text."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    immutable: bool | None = None
    data: dict[str, str] = {}
    binary_data: dict[str, Base64] = {}


class Secret(Object):
    """Secrets by key; `data` holds base64 text, `string_data` is merged into it on write."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    immutable: bool | None = None
    data: dict[str, Base64] = {}
    string_data: dict[str, str] = {}
    type: names.SecretType = ""
