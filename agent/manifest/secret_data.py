"""What a Secret holds once it is stored (pkg/registry/core/secret; pkg/apis/core/v1/conversion)."""

from __future__ import annotations

from msgspec.structs import replace

from agent.manifest import base64_text
from agent.model.config_data import Secret


def with_string_data(secret: Secret) -> Secret:
    """Merge `stringData`, which is for writing only, into `data`, over which it wins."""
    if not secret.string_data:
        return secret
    added = {
        key: base64_text.encode(text.encode(errors="replace"))
        for key, text in secret.string_data.items()
    }
    return replace(secret, data=secret.data | added, string_data={})
