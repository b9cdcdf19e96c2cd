"""Is this text an IP address, and if not, in what words does Go say so (net/netip.ParseAddr)?"""

from __future__ import annotations

from agent.action.http.text import quote

_HEX = b"0123456789abcdefABCDEF"


class AddressError(ValueError):
    """Not an address; the text is Go's."""


def is_ipv4(text: bytes) -> bool:
    """Tell whether an address is IPv4; raises AddressError when it is no address at all."""
    for char in text:
        if char == ord("."):
            _check_ipv4(text, text)
            return True
        if char == ord(":"):
            _check_ipv6(text)
            return False
        if char == ord("%"):
            raise _error(text, "missing IPv6 address")
    raise _error(text, "unable to parse IP")


def _error(text: bytes, problem: str, at: bytes = b"") -> AddressError:
    where = f" (at {quote(at)})" if at else ""
    return AddressError(f"ParseAddr({quote(text)}): {problem}{where}")


def _check_ipv4(whole: bytes, part: bytes) -> None:
    fields = 0
    value, digits = 0, 0
    for index, char in enumerate(part):
        if ord("0") <= char <= ord("9"):
            if digits == 1 and value == 0:
                raise _error(whole, "IPv4 field has octet with leading zero")
            value, digits = value * 10 + char - ord("0"), digits + 1
            if value > 255:
                raise _error(whole, "IPv4 field has value >255")
        elif char == ord("."):
            if not digits or index == len(part) - 1:
                raise _error(whole, "IPv4 field must have at least one digit", part[index:])
            if fields == 3:
                raise _error(whole, "IPv4 address too long")
            fields += 1
            value, digits = 0, 0
        else:
            raise _error(whole, "unexpected character", part[index:])
    if fields < 3:
        raise _error(whole, "IPv4 address too short")


class _IPv6:
    """The groups read so far; `at` is the text still to be read."""

    __slots__ = ("at", "ellipsis", "length", "whole")

    def __init__(self, whole: bytes, address: bytes) -> None:
        self.whole = whole
        self.at = address
        self.length = 0  # bytes of the address
        self.ellipsis = -1

    def error(self, problem: str) -> AddressError:
        return _error(self.whole, problem, self.at)

    def group(self) -> int:
        """Read up to four hex digits; returns how many."""
        count = len(self.at) - len(self.at.lstrip(_HEX))
        if count > 4:
            raise self.error("each group must have 4 or less digits")
        if not count:
            raise self.error("each colon-separated field must have at least one digit")
        return count

    def embedded_ipv4(self) -> None:
        if self.ellipsis < 0 and self.length != 12:
            raise self.error("embedded IPv4 address must replace the final 2 fields of the address")
        if self.length + 4 > 16:
            raise self.error(
                "too many hex fields to fit an embedded IPv4 at the end of the address"
            )
        _check_ipv4(self.whole, self.at)
        self.at = b""
        self.length += 4

    def colon(self) -> bool:
        """Read the colon(s) after a group; False at the end of the address."""
        if not self.at:
            return False
        if self.at[:1] != b":":
            raise self.error("unexpected character, want colon")
        if len(self.at) == 1:
            raise self.error("colon must be followed by more characters")
        self.at = self.at[1:]
        if self.at[:1] == b":":
            if self.ellipsis >= 0:
                raise self.error("multiple :: in address")
            self.ellipsis = self.length
            self.at = self.at[1:]
        return bool(self.at)


def _check_ipv6(text: bytes) -> None:
    address, percent, zone = text.partition(b"%")
    if percent and not zone:
        raise _error(text, "zone must be a non-empty string")
    state = _IPv6(text, address)
    if address[:2] == b"::":
        state.ellipsis = 0
        state.at = address[2:]
        if not state.at:
            return
    while state.length < 16:
        count = state.group()
        if state.at[count : count + 1] == b".":
            state.embedded_ipv4()
            break
        state.length += 2
        state.at = state.at[count:]
        if not state.colon():
            break
    if state.at:
        raise state.error("trailing garbage after address")
    if state.length < 16 and state.ellipsis < 0:
        raise _error(text, "address string too short")
    if state.length >= 16 and state.ellipsis >= 0:
        raise _error(text, "the :: must expand to at least one field of zeros")
