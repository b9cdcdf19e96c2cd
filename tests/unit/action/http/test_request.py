"""Requests know where to go; what they look like is a conformance table."""

from __future__ import annotations

import pytest

from agent.action.http.request import Request, SendError
from agent.action.http.url import parse


def to(url: str) -> Request:
    return Request(parse(url.encode()), b"", {})


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://h/", "h", 80),
        ("https://h/", "h", 443),
        ("http://h:8080/", "h", 8080),
        ("http://h:0080/", "h", 80),
        ("http://[::1]:8/", "::1", 8),
        ("http://Bücher.example/", "xn--bcher-kva.example", 80),
        ("http://:9/", "", 9),
    ],
)
def test_a_request_goes_to(url: str, host: str, port: int) -> None:
    assert (to(url).dial_host, to(url).dial_port) == (host, port)


@pytest.mark.parametrize("port", ["65536", "99999999999999999999"])
def test_there_are_no_more_ports(port: str) -> None:
    with pytest.raises(SendError, match=f"dial tcp: address {port}: invalid port"):
        _ = to(f"http://h:{port}/").dial_port


def test_only_https_needs_tls() -> None:
    assert to("https://h/").is_tls
    assert not to("http://h/").is_tls
