"""What cannot be asked is an error; hooks fall back from TLS to plain HTTP."""

from __future__ import annotations

import pytest

from agent.action.handler import Role, Target
from agent.action.http_get import HTTPGet
from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction, HTTPHeader
from tests.support.http_scripts import Says, ScriptedNetwork, get

pytestmark = pytest.mark.asyncio

PLAIN = Says(data=b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP", then="close")
OK = Says(data=b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")


async def test_a_request_that_cannot_be_made_says_nothing_about_the_container() -> None:
    network = ScriptedNetwork([OK])
    handler = HTTPGet(
        HTTPGetAction(port="nope"), Target(address="::1", ports=()), Role.PROBE, network=network
    )
    heard: list[ActionResult] = []

    handler.start(1.0, heard.append)

    text = 'strconv.Atoi: parsing "nope": invalid syntax'
    assert heard == [ActionResult(Outcome.ERROR, text)]
    network.close()


async def test_a_hook_falls_back_to_plain_http_without_its_secret() -> None:
    network = ScriptedNetwork([PLAIN, OK])
    action = HTTPGetAction(
        port=80,
        scheme="HTTPS",
        path="/stop",
        http_headers=(
            HTTPHeader(name="authorization", value="secret"),
            HTTPHeader(name="x-a", value="1"),
        ),
    )

    result = await get(action, network, role=Role.LIFECYCLE, seconds=None)

    assert result == ActionResult(Outcome.SUCCESS, fallback="127.0.0.1:80")
    assert network.requests[1] == (
        b"GET /stop HTTP/1.1\r\nHost: 127.0.0.1:80\r\nUser-Agent: kube-lifecycle/1.34\r\n"
        b"Accept: */*\r\nX-A: 1\r\nAccept-Encoding: gzip\r\n\r\n"
    )


async def test_a_fallback_that_fails_too_leaves_the_first_error() -> None:
    network = ScriptedNetwork([PLAIN, Says()])
    action = HTTPGetAction(port=80, scheme="HTTPS")

    result = await get(action, network, role=Role.LIFECYCLE, seconds=None)

    reason = "http: server gave HTTP response to HTTPS client"
    assert result == ActionResult(Outcome.FAILURE, f'Get "https://127.0.0.1:80": {reason}')
    assert len(network.connections) == 2


async def test_a_probe_does_not_fall_back() -> None:
    network = ScriptedNetwork([PLAIN, OK])

    result = await get(HTTPGetAction(port=80, scheme="HTTPS"), network)

    reason = "http: server gave HTTP response to HTTPS client"
    assert result == ActionResult(Outcome.FAILURE, f'Get "https://127.0.0.1:80": {reason}')
    assert len(network.connections) == 1
