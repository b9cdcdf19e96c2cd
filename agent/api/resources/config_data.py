"""ConfigMaps and Secrets."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from agent.api.machinery.strategy import Strategy, check_fixed
from agent.manifest.base64_text import encode
from agent.manifest.errors import FieldError, forbidden
from agent.manifest.validate import validate_config_map, validate_secret
from agent.model.config_data import ConfigMap, Secret

_IMMUTABLE = "field is immutable when `immutable` is set"


class ConfigMapStrategy(Strategy):
    """pkg/registry/core/configmap/strategy.go."""

    def validate(self, obj: Any) -> list[FieldError]:
        return validate_config_map(obj)

    def validate_update(self, new: Any, old: Any) -> list[FieldError]:
        return [
            *check_fixed(new.metadata, old.metadata),
            *_check_immutable(new, old, ("data", "binary_data")),
            *validate_config_map(new),
        ]


class SecretStrategy(Strategy):
    """pkg/registry/core/secret/strategy.go."""

    def complete(self, obj: Any) -> Any:
        """`stringData` is for writing only and wins over `data`."""
        secret: Secret = obj
        added = {
            key: encode(text.encode(errors="replace")) for key, text in secret.string_data.items()
        }
        return replace(
            secret,
            data={**secret.data, **added},
            string_data={},
            type=secret.type or "Opaque",
        )

    def validate(self, obj: Any) -> list[FieldError]:
        return validate_secret(obj)

    def validate_update(self, new: Any, old: Any) -> list[FieldError]:
        errors = [
            *check_fixed(new.metadata, old.metadata),
            *_check_immutable(new, old, ("data",)),
            *validate_secret(new),
        ]
        if new.type != old.type:
            from agent.manifest.errors import invalid

            errors.append(invalid("type", new.type, "field is immutable"))
        return errors


def _check_immutable(
    new: ConfigMap | Secret, old: ConfigMap | Secret, fields: tuple[str, ...]
) -> list[FieldError]:
    if not old.immutable:
        return []
    names = ("immutable", *fields)
    return [
        forbidden("binaryData" if name == "binary_data" else name, _IMMUTABLE)
        for name in names
        if getattr(new, name) != getattr(old, name)
    ]
