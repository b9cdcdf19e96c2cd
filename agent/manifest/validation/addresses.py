"""Which texts are IP addresses, and which of them are written in an odd way?"""

from __future__ import annotations

from agent.manifest.errors import invalid
from agent.manifest.validation.options import Errors
from agent.model import gotext

_IPV4_MAPPED = b"\0" * 10 + b"\xff\xff"


def check_address(text: str, path: str, errors: Errors) -> None:
    """Check an address as old fields accept it (IsValidIPForLegacyField)."""
    if parse_sloppy(text) is None:
        wrong = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        errors.append(invalid(path, text, wrong))


def address_warnings(text: str, path: str) -> list[str]:
    """Warnings for an address that is not in its standard form (GetWarningsForIP)."""
    packed = parse_sloppy(text)
    if packed is None:
        return []
    canonical = _shown(packed)
    if (":" not in text and canonical != text) or (len(packed) == 16 and _is_mapped(packed)):
        return [
            f"{path}: non-standard IP address {gotext.quote(text)} will be considered invalid in "
            f"a future Kubernetes release: use {gotext.quote(canonical)}"
        ]
    if canonical != text:
        return [
            f"{path}: IPv6 address {gotext.quote(text)} should be in RFC 5952 canonical format "
            f"({gotext.quote(canonical)})"
        ]
    return []


def _is_mapped(packed: bytes) -> bool:
    return packed.startswith(_IPV4_MAPPED)


def _shown(packed: bytes) -> str:
    """The address as Go's net.IP prints it: IPv4 inside IPv6 as IPv4."""
    if len(packed) == 4:
        return ".".join(map(str, packed))
    if _is_mapped(packed):
        return ".".join(map(str, packed[12:]))
    return _rfc5952(packed)


def _rfc5952(packed: bytes) -> str:
    """Lower case, no leading zeros, the longest run of two or more zero groups as `::`."""
    groups = [f"{packed[at] << 8 | packed[at + 1]:x}" for at in range(0, 16, 2)]
    start, length = 0, 0
    for at in range(8):
        run = next((n for n in range(8 - at) if groups[at + n] != "0"), 8 - at)
        if run > length:
            start, length = at, run
    if length < 2:
        return ":".join(groups)
    return f"{':'.join(groups[:start])}::{':'.join(groups[start + length :])}"


def parse_sloppy(text: str) -> bytes | None:
    """The packed address, or None; decimal parts may have leading zeros (ParseIPSloppy)."""
    if ":" not in text:
        return _parse_ipv4(text)
    head, colon, tail = text.rpartition(":")
    if "." in tail:
        packed = _parse_ipv4(tail)
        if packed is None:
            return None
        tail = ".".join(map(str, packed))
    import socket  # rarely needed, and slow to import

    try:
        return socket.inet_pton(socket.AF_INET6, head + colon + tail)
    except (OSError, ValueError):
        return None


def _parse_ipv4(text: str) -> bytes | None:
    parts = text.split(".")
    if len(parts) != 4:
        return None
    numbers = [
        int(part)
        for part in parts
        if part.isascii() and part.isdecimal() and len(part.lstrip("0")) <= 3 and int(part) <= 255
    ]
    return bytes(numbers) if len(numbers) == 4 else None
