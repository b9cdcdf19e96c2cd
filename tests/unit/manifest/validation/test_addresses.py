"""Addresses are read as old fields of Kubernetes read them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.validation.addresses import address_warnings, check_address, parse_sloppy
from agent.manifest.validation.options import Errors


@pytest.mark.parametrize(
    "text", ["1.2.3.4", "001.02.3.000", "::", "::1", "fe80::1", "::ffff:1.2.3.4"]
)
def test_addresses(text: str) -> None:
    errors: Errors = []

    check_address(text, "spec.ip", errors)

    assert errors == []


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.-4", "a.b.c.d", "1.2.3.٤", "::g", "fe80::1%eth0",
     "1::2::3", "::1.2.3", "1.2.3.4:80", "\x00::1"],
)  # fmt: skip
def test_no_addresses(text: str) -> None:
    assert parse_sloppy(text) is None
    assert address_warnings(text, "x") == []


@given(st.ip_addresses())
def test_the_standard_form_brings_no_warning(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    warnings = address_warnings(str(address), "spec.ip")

    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped
    assert bool(warnings) is bool(mapped)


@given(st.ip_addresses(v=6))
def test_another_form_is_told_with_the_standard_form(address: ipaddress.IPv6Address) -> None:
    if address.ipv4_mapped or address.exploded == str(address):
        return

    (warning,) = address_warnings(address.exploded, "spec.ip")

    assert warning.endswith(f'should be in RFC 5952 canonical format ("{address}")')


def test_leading_zeros_are_told() -> None:
    (warning,) = address_warnings("010.0.0.1", "spec.ip")

    assert warning == (
        'spec.ip: non-standard IP address "010.0.0.1" will be considered invalid in a future '
        'Kubernetes release: use "10.0.0.1"'
    )
