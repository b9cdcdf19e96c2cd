"""ConfigMaps and Secrets."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from agent.api.machinery.strategy import Strategy
from agent.manifest.errors import FieldError
from agent.manifest.secret_data import with_string_data
from agent.manifest.validate import validate_config_map, validate_secret


class ConfigMapStrategy(Strategy):
    """pkg/registry/core/configmap/strategy.go."""

    def validate(self, obj: Any) -> list[FieldError]:
        return validate_config_map(obj)


class SecretStrategy(Strategy):
    """pkg/registry/core/secret/strategy.go."""

    def prepare(self, obj: Any) -> tuple[Any, tuple[str, ...]]:
        """`stringData` is for writing only and wins over `data`."""
        return replace(with_string_data(obj), type=obj.type or "Opaque"), ()

    def validate(self, obj: Any) -> list[FieldError]:
        return validate_secret(obj)
