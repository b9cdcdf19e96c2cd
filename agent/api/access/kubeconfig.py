"""A kubeconfig that satisfies kubectl and the client libraries."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from agent.api.access.credentials import Keys, Pair

CONTEXT = "barepod"


def kubeconfig(
    server: str, authority: bytes, *, token: str = "", pair: Pair | None = None, user: str
) -> dict[str, Any]:
    """The kubeconfig as plain values; a token or a certificate says who uses it."""
    credentials: dict[str, str] = {"token": token} if token else {}
    if pair is not None:
        credentials |= {
            "client-certificate-data": _base64(pair.certificate),
            "client-key-data": _base64(pair.key),
        }
    cluster = {"server": server, "certificate-authority-data": _base64(authority)}
    context = {"cluster": CONTEXT, "user": user, "namespace": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": CONTEXT, "context": context}],
    }


def kubeconfig_of(keys: Keys, server: str, *, is_reader: bool, with_certificate: bool) -> str:
    """The YAML text of a kubeconfig for these keys."""
    import yaml

    from agent.api.access.credentials import ADMIN, READER

    user = READER if is_reader else ADMIN
    token = keys.reader_token if is_reader else keys.admin_token
    made = kubeconfig(
        server,
        keys.authority,
        token="" if with_certificate else token,
        pair=keys.admin if with_certificate else None,
        user=user,
    )
    text: str = yaml.safe_dump(msgspec.to_builtins(made), sort_keys=False)
    return text


def server_url(listen: str) -> str:
    """Where clients find a listener: one on all addresses is reached at the loopback."""
    host, _, port = listen.rpartition(":")
    bare = host.strip("[]")
    if bare in ("0.0.0.0", ""):
        bare = "127.0.0.1"
    elif bare == "::":
        bare = "::1"
    return f"https://[{bare}]:{port}" if ":" in bare else f"https://{bare}:{port}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
