"""Are a ConfigMap and a Secret valid?"""

from __future__ import annotations

import binascii
from collections.abc import Mapping

import msgspec

from agent.manifest.errors import invalid, required, too_long
from agent.manifest.validation import names
from agent.manifest.validation.metadata import check_metadata
from agent.manifest.validation.options import WHOLE_OBJECT, Errors, report
from agent.model.config_data import ConfigMap, Secret

#: Bytes of all values together.
MAX_SIZE = 1024 * 1024
_ACCOUNT = "kubernetes.io/service-account.name"
_REDACTED = "<secret contents redacted>"
#: Type of a Secret -> keys that it must have.
_REQUIRED_KEYS: dict[str, tuple[str, ...]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def check_config_map(config_map: ConfigMap, errors: Errors) -> None:
    """Check metadata, keys and size (ValidateConfigMap)."""
    check_metadata(config_map.metadata, "metadata", errors)
    for key in config_map.data:
        report(errors, f"data[{key}]", key, names.config_key(key))
        if key in config_map.binary_data:
            wrong = "duplicate of key present in binaryData"
            errors.append(invalid(f"data[{key}]", key, wrong))
    for key in config_map.binary_data:
        report(errors, f"binaryData[{key}]", key, names.config_key(key))
    total = sum(map(names.size, config_map.data.values()))
    if total + _decoded_size(config_map.binary_data) > MAX_SIZE:
        errors.append(too_long(WHOLE_OBJECT, MAX_SIZE))


def check_secret(secret: Secret, errors: Errors) -> None:
    """Check metadata, keys, size, and what its type asks for (ValidateSecret)."""
    check_metadata(secret.metadata, "metadata", errors)
    keys = [*secret.data, *(key for key in secret.string_data if key not in secret.data)]
    for key in keys:
        report(errors, f"data[{key}]", key, names.config_key(key))
    stored = {k: v for k, v in secret.data.items() if k not in secret.string_data}
    total = sum(map(names.size, secret.string_data.values())) + _decoded_size(stored)
    if total > MAX_SIZE:
        errors.append(too_long("data", MAX_SIZE))
    _check_type(secret, errors)


def _check_type(secret: Secret, errors: Errors) -> None:
    keys = {*secret.data, *secret.string_data}
    if secret.type == "kubernetes.io/service-account-token":
        if not secret.metadata.annotations.get(_ACCOUNT):
            errors.append(required(f"metadata.annotations[{_ACCOUNT}]"))
    elif secret.type == "kubernetes.io/basic-auth" and not keys & {"username", "password"}:
        errors.append(required("data[username]"))
        errors.append(required("data[password]"))
    for key in _REQUIRED_KEYS.get(secret.type, ()):
        present = key in keys
        if secret.type == "kubernetes.io/ssh-auth":
            present = bool(_value(secret, key))
        if not present:
            errors.append(required(f"data[{key}]"))
        elif secret.type.startswith("kubernetes.io/dockerc"):
            _check_json(_value(secret, key), f"data[{key}]", errors)


def _check_json(content: bytes, path: str, errors: Errors) -> None:
    try:
        msgspec.json.decode(content, type=dict[str, msgspec.Raw] | None)
    except msgspec.MsgspecError as problem:
        errors.append(invalid(path, _REDACTED, str(problem)))


def _value(secret: Secret, key: str) -> bytes:
    if key in secret.string_data:
        return secret.string_data[key].encode("utf-8", "surrogatepass")
    return _decoded(secret.data.get(key, ""))


def _decoded(text: str) -> bytes:
    """The bytes behind base64 text; decoding has refused what is none."""
    try:
        return binascii.a2b_base64(text)
    except ValueError:
        return b""


def _decoded_size(values: Mapping[str, str]) -> int:
    return sum(len(_decoded(text)) for text in values.values())
