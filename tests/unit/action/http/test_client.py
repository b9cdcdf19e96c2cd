"""Exchanges try addresses in turn, wait only so long, and stop when they are told to."""

from __future__ import annotations

import asyncio
import socket

import pytest

from agent.action.handler import Role, Target
from agent.action.http_get import HTTPGet
from agent.action.resolve import Address
from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction
from tests.support.http_scripts import Names, Says, ScriptedNetwork, get

pytestmark = pytest.mark.asyncio

OK = Says(data=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
REFUSES = Says(then="refuse")
SWALLOWS = Says(then="swallow")
ONE = Address(socket.AF_INET, "127.0.0.1")
OTHER = Address(socket.AF_INET6, "::1")
LATE = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


def failed(text: str) -> ActionResult:
    return ActionResult(Outcome.FAILURE, text)


async def test_the_next_address_of_a_name_is_tried() -> None:
    network = ScriptedNetwork([REFUSES, OK], resolver=Names({"web": (OTHER, ONE)}))

    result = await get(HTTPGetAction(port=80, host="web"), network)

    assert result == ActionResult(Outcome.SUCCESS, "ok")
    assert [c.endpoint.text for c in network.connections] == ["[::1]:80", "127.0.0.1:80"]


async def test_the_first_refusal_is_told_when_all_addresses_refuse() -> None:
    network = ScriptedNetwork([REFUSES], resolver=Names({"web": (OTHER, ONE)}))

    result = await get(HTTPGetAction(port=80, host="web"), network)

    assert result == failed('Get "http://web:80": dial tcp [::1]:80: connect: connection refused')


async def test_a_name_server_that_never_answers_is_waited_for_no_longer_than_allowed() -> None:
    names = Names({})
    network = ScriptedNetwork([OK], resolver=names)

    result = await get(HTTPGetAction(port=80, host="web"), network, seconds=2.0)

    assert result == failed(f'Get "http://web:80": {LATE}')
    assert names.asked == ["web", "cancelled"]
    assert network.scheduler.time() == 2.0


async def test_a_port_that_swallows_connections_takes_the_whole_timeout() -> None:
    network = ScriptedNetwork([SWALLOWS])

    result = await get(HTTPGetAction(port=80), network, seconds=3.0)

    assert result == failed(f'Get "http://127.0.0.1:80": {LATE}')
    assert network.scheduler.time() == 3.0


async def test_a_hook_waits_thirty_seconds_for_a_connection() -> None:
    network = ScriptedNetwork([SWALLOWS])

    result = await get(HTTPGetAction(port=80), network, role=Role.LIFECYCLE, seconds=None)

    assert result == failed('Get "http://127.0.0.1:80": dial tcp 127.0.0.1:80: i/o timeout')
    assert network.scheduler.time() == 30.0


async def test_an_https_hook_waits_thirty_seconds_for_a_connection_too() -> None:
    network = ScriptedNetwork([SWALLOWS])
    action = HTTPGetAction(port=80, scheme="HTTPS")

    result = await get(action, network, role=Role.LIFECYCLE, seconds=None)

    assert result == failed('Get "https://127.0.0.1:80": dial tcp 127.0.0.1:80: i/o timeout')
    assert network.scheduler.time() == 30.0


async def test_a_handshake_may_take_ten_seconds() -> None:
    network = ScriptedNetwork([Says(then="hang")])

    result = await get(HTTPGetAction(port=80, scheme="HTTPS"), network, seconds=60.0)

    assert result == failed('Get "https://127.0.0.1:80": net/http: TLS handshake timeout')
    assert network.scheduler.time() == 10.0


async def test_a_shorter_timeout_ends_a_handshake() -> None:
    network = ScriptedNetwork([Says(then="hang")])

    result = await get(HTTPGetAction(port=80, scheme="HTTPS"), network)

    assert result == failed('Get "https://127.0.0.1:80": context deadline exceeded')


async def test_a_slow_body_of_a_redirect_is_blamed_on_the_next_page() -> None:
    slow = Says(
        data=b"HTTP/1.1 302 F\r\nLocation: /next\r\nContent-Length: 5\r\n\r\nab", then="hang"
    )

    result = await get(HTTPGetAction(port=80), ScriptedNetwork([slow]))

    assert result == failed(f'Get "http://127.0.0.1:80/next": {LATE}')


async def test_a_long_body_of_a_redirect_is_not_waited_for() -> None:
    long = Says(
        data=b"HTTP/1.1 302 F\r\nLocation: /next\r\nContent-Length: 2049\r\n\r\n", then="hang"
    )

    result = await get(HTTPGetAction(port=80), ScriptedNetwork([long, OK]))

    assert result == ActionResult(Outcome.SUCCESS, "ok")


async def test_who_cancels_hears_nothing() -> None:
    network = ScriptedNetwork([Says(then="hang")])
    handler = HTTPGet(
        HTTPGetAction(port=80), Target(address="127.0.0.1", ports=()), Role.PROBE, network=network
    )
    heard: list[ActionResult] = []

    running = handler.start(1.0, heard.append)
    running.cancel()
    running.cancel()
    running.expire()
    await asyncio.sleep(5)

    assert heard == []
    network.close()


async def test_expiring_after_the_end_changes_nothing() -> None:
    network = ScriptedNetwork([OK])
    handler = HTTPGet(
        HTTPGetAction(port=80), Target(address="127.0.0.1", ports=()), Role.PROBE, network=network
    )
    heard: list[ActionResult] = []

    running = handler.start(1.0, heard.append)
    await asyncio.sleep(1)
    running.expire()

    assert heard == [ActionResult(Outcome.SUCCESS, "ok")]
    network.close()


async def test_one_handler_runs_many_times_at_once() -> None:
    network = ScriptedNetwork([OK])
    handler = HTTPGet(
        HTTPGetAction(port=80), Target(address="127.0.0.1", ports=()), Role.PROBE, network=network
    )
    heard: list[ActionResult] = []

    for _ in range(5):
        handler.start(1.0, heard.append)
    await asyncio.sleep(1)

    assert heard == [ActionResult(Outcome.SUCCESS, "ok")] * 5
    network.close()
