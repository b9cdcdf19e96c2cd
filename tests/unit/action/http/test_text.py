"""Bytes look in our messages as they look in Go's."""

from __future__ import annotations

import errno

import pytest

from agent.action.http.text import (
    errno_text,
    join_host_port,
    printable,
    quote,
    to_bytes,
    to_text,
)


@pytest.mark.parametrize(
    ("data", "quoted"),
    [
        (b"plain", '"plain"'),
        (b'a"b\\c', r'"a\"b\\c"'),
        (b"\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        (b"\x00\x1f\x7f", r'"\x00\x1f\x7f"'),
        (b"\x80\xff", r'"\x80\xff"'),
        ("é日".encode(), '"é日"'),
        ("\u00a0\u200b\u2028".encode(), r'"\u00a0\u200b\u2028"'),
        ("\U000e0001".encode(), r'"\U000e0001"'),
    ],
)
def test_bytes_are_quoted(data: bytes, quoted: str) -> None:
    assert quote(data) == quoted


def test_bytes_survive_as_text() -> None:
    assert to_bytes(to_text(b"\xff\xfe ok \xc3\xa9")) == b"\xff\xfe ok \xc3\xa9"


def test_what_is_not_utf_8_is_replaced_byte_by_byte() -> None:
    assert printable(to_text(b"\xe2\x82 ok \xff")) == "\ufffd\ufffd ok \ufffd"


def test_ipv6_addresses_are_bracketed() -> None:
    assert join_host_port("::1", 80) == "[::1]:80"
    assert join_host_port("host", "80") == "host:80"


def test_system_errors_begin_small() -> None:
    assert errno_text(errno.ECONNREFUSED) == "connection refused"
