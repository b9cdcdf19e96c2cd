"""Redirects lead where they lead Kubernetes."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction
from tests.support import tables
from tests.support.http_scripts import Says, ScriptedNetwork, get
from tests.support.virtual_loop import VirtualLoop


@tables.rows("http_redirects")
def test_a_redirect_leads(row: dict[str, Any]) -> None:
    headers = row.get("headers", [])
    action = {"port": 80, "path": "/a/b", "httpHeaders": headers}
    loop = VirtualLoop()
    try:
        result, requests = loop.run_until_complete(probe(action, row["answers"]))
    finally:
        loop.close()

    assert (result.outcome, result.output) == (
        Outcome(row.get("outcome", "success")),
        row["output"],
    )
    assert requests[1:] == [request(*wanted) for wanted in row.get("requests", [])]


def test_the_tenth_request_is_the_last() -> None:
    loop = VirtualLoop()
    try:
        result, requests = loop.run_until_complete(probe({"port": 80}, [(302, "/loop")]))
    finally:
        loop.close()

    assert result == ActionResult(Outcome.FAILURE, 'Get "/loop": stopped after 10 redirects')
    assert len(requests) == 10


async def probe(action: dict[str, Any], answers: list[Any]) -> tuple[ActionResult, list[bytes]]:
    """The result, and the requests that were sent."""
    network = ScriptedNetwork([Says(data=answer(*given)) for given in answers])
    result = await get(msgspec.convert(action, HTTPGetAction), network)
    return result, network.requests


def answer(status: int, location: str | None = None) -> bytes:
    body = "ok" if status == 200 else "moved"
    place = "" if location is None else f"Location: {location}\r\n"
    head = f"HTTP/1.1 {status} X\r\n{place}Content-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def request(target: str, host: str, referer: str, *more: str) -> bytes:
    headers = sorted([*more, "Accept: */*", f"Referer: {referer}"])
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "User-Agent: kube-probe/1.34"]
    return "\r\n".join([*lines, *headers, "Connection: close", "", ""]).encode()
