"""Handlers send the requests that Kubernetes sends."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent.action.handler import Role, Target
from agent.action.http.redirect import shown
from agent.action.http.request import RequestError, SendError, build, encode
from agent.action.http.text import quote, to_bytes
from agent.model.container import ContainerPort
from agent.model.handler import HTTPGetAction
from tests.support import tables

TARGET = Target(address="10.0.0.5", ports=(ContainerPort(name="quux", container_port=8080),))
DEFAULT = ["User-Agent: kube-probe/1.34", "Accept: */*", "Connection: close"]


@tables.rows("http_requests")
def test_a_handler_sends(row: dict[str, Any]) -> None:
    role = Role(row.get("role", "probe"))
    action = msgspec.convert(row["get"], HTTPGetAction)

    if "error" in row:
        with pytest.raises(RequestError) as caught:
            build(action, TARGET, role)
        assert str(caught.value) == row["error"]
        return
    request = build(action, TARGET, role)
    if "refused" in row:
        with pytest.raises(SendError) as refused:
            encode(request, role)
        assert f"Get {quote(shown(request.url))}: {refused.value}" == row["refused"]
        return
    lines = [f"GET {row['line']} HTTP/1.1", f"Host: {row['host']}", *row.get("headers", DEFAULT)]
    assert encode(request, role) == to_bytes("\r\n".join([*lines, "", ""]))
    if "url" in row:
        assert shown(request.url) == to_bytes(row["url"])
