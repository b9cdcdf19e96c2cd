"""What is not TLS is told from what is, in Go's words."""

from __future__ import annotations

import pytest

from agent.action.http.tls import server_name
from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction
from tests.support.http_scripts import Says, ScriptedNetwork, get


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("web.example", b"web.example"),
        ("web.example.", b"web.example"),
        ("127.0.0.1", None),
        ("fd00::1", None),
        ("", None),
        ("é", None),
        ("a" * 300, None),
    ],
)
def test_only_names_are_sent_in_the_clear(host: str, name: bytes | None) -> None:
    assert server_name(host) == name


@pytest.mark.asyncio
@pytest.mark.parametrize("piece", [0, 1], ids=["whole", "by bytes"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "EOF"),
        (b"\x16\x03", "unexpected EOF"),
        (b"\x16\x03\x03\x00\x05ab", "unexpected EOF"),
        (b"HTTP/1.0 400 Bad\r\n\r\n", "http: server gave HTTP response to HTTPS client"),
        (b"HTTP", "unexpected EOF"),
        (b"220 mail\r\n", "tls: first record does not look like a TLS handshake"),
        (b"\x17\x03\x03\x00\x01x", "tls: first record does not look like a TLS handshake"),
        (b"\x16\x10\x00\x00\x01x", "tls: first record does not look like a TLS handshake"),
        (b"\x80\x2e\x01\x00\x02", "tls: unsupported SSLv2 handshake received"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "remote error: tls: handshake failure"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "remote error: tls: protocol version not supported"),
        (b"\x15\x03\x03\x00\x02\x02\x70", "remote error: tls: unrecognized name"),
        (b"\x15\x03\x03\x00\x02\x02\x78", "remote error: tls: no application protocol"),
        (b"\x15\x03\x03\x00\x02\x02\xc8", "remote error: tls: alert(200)"),
        (b"\x15\x03\x03\x00\x02\x01\x00", "EOF"),
        (b"\x15\x03\x03\x00\x02\x01\x70", "EOF"),
    ],
)
async def test_a_handshake_fails(data: bytes, reason: str, piece: int) -> None:
    network = ScriptedNetwork([Says(data=data, piece=piece)])

    result = await get(HTTPGetAction(port=443, scheme="HTTPS"), network)

    assert result == ActionResult(Outcome.FAILURE, f'Get "https://127.0.0.1:443": {reason}')


@pytest.mark.asyncio
async def test_what_openssl_finds_is_told_too() -> None:
    nonsense = Says(data=b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00", then="hang")

    result = await get(HTTPGetAction(port=443, scheme="HTTPS"), ScriptedNetwork([nonsense]))

    assert result.outcome is Outcome.FAILURE
    assert result.output.startswith('Get "https://127.0.0.1:443": tls: ')
