"""Addresses are recognised, and others refused in Go's words."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.action.http.ipaddr import AddressError, is_ipv4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "unable to parse IP"),
        (b"host", "unable to parse IP"),
        (b"%eth0", "missing IPv6 address"),
        (b"1.2.3", "IPv4 address too short"),
        (b"1.2.3.4.5", "IPv4 address too long"),
        (b"1.2.3.04", "IPv4 field has octet with leading zero"),
        (b"1.2.3.256", "IPv4 field has value >255"),
        (b"1..2.3", 'IPv4 field must have at least one digit (at ".2.3")'),
        (b"1.2.3.x", 'unexpected character (at "x")'),
        (b"fe80::1%", "zone must be a non-empty string"),
        (b"12345::", 'each group must have 4 or less digits (at "12345::")'),
        (b"1:2", "address string too short"),
        (b"1::2::3", 'multiple :: in address (at ":3")'),
        (b"1:2:3:4:5:6:7:8:9", 'trailing garbage after address (at "9")'),
        (b"::g", 'each colon-separated field must have at least one digit (at "g")'),
        (b"1:", 'colon must be followed by more characters (at ":")'),
        (b"1:2:3:4:5:6:7::8", "the :: must expand to at least one field of zeros"),
    ],
)
def test_what_is_no_address_is_refused(text: bytes, problem: str) -> None:
    with pytest.raises(AddressError) as caught:
        is_ipv4(text)

    assert str(caught.value) == f'ParseAddr("{text.decode()}"): {problem}'


@given(st.ip_addresses())
def test_every_address_is_recognised(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert is_ipv4(str(address).encode()) is (address.version == 4)


@pytest.mark.parametrize(
    "text", [b"::", b"::ffff:1.2.3.4", b"fe80::1%eth0", b"1::8", b"1:2:3:4:5:6:7::"]
)
def test_short_forms_are_ipv6(text: bytes) -> None:
    assert not is_ipv4(text)
