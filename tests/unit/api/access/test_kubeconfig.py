"""A kubeconfig for all clients."""

from __future__ import annotations

import base64

import pytest

from agent.api.access.credentials import Pair
from agent.api.access.kubeconfig import kubeconfig, server_url


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:6440", "https://127.0.0.1:6440"),
        ("0.0.0.0:6440", "https://127.0.0.1:6440"),
        ("[::]:6440", "https://[::1]:6440"),
        ("[fd00::1]:6440", "https://[fd00::1]:6440"),
        ("vm.example:1", "https://vm.example:1"),
    ],
)
def test_where_the_server_is(listen: str, url: str) -> None:
    assert server_url(listen) == url


def test_a_token_or_a_certificate() -> None:
    by_token = kubeconfig("https://x:1", b"ca", token="t", user="me")
    pair = Pair(b"crt", b"key")
    by_pair = kubeconfig("https://x:1", b"ca", pair=pair, user="me")

    assert by_token["users"] == [{"name": "me", "user": {"token": "t"}}]
    (user,) = by_pair["users"]
    assert base64.b64decode(user["user"]["client-key-data"]) == b"key"
    (context,) = by_token["contexts"]
    assert context["name"] == by_token["current-context"]
    assert context["context"] == {"cluster": "barepod", "user": "me", "namespace": "default"}
