"""What is the status of a gRPC call? (grpc-go: codes, status, internal/transport)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from agent.action.http.text import printable, to_text
from agent.model.gotext import quote

OK: Final = 0
UNKNOWN: Final = 2
DEADLINE_EXCEEDED: Final = 4
RESOURCE_EXHAUSTED: Final = 8
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14

_NAMES = (
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
)
_PERMISSION_DENIED, _UNAUTHENTICATED, _CANCELED = 7, 16, 1

#: HTTP/2 error code of an RST_STREAM -> gRPC code, where it is not Internal.
_OF_RESET = {3: RESOURCE_EXHAUSTED, 7: UNAVAILABLE, 8: _CANCELED, 11: RESOURCE_EXHAUSTED}
_OF_RESET |= {12: _PERMISSION_DENIED}
_LAST_KNOWN_RESET = 13

#: HTTP status of an answer that is not gRPC -> gRPC code, where it is not Unknown.
_OF_HTTP = {400: INTERNAL, 401: _UNAUTHENTICATED, 403: _PERMISSION_DENIED, 404: UNIMPLEMENTED}
_OF_HTTP |= dict.fromkeys((429, 502, 503, 504), UNAVAILABLE)


class Status:
    """How a call failed; `str()` gives Go's error text. Without a code it is a bare error."""

    __slots__ = ("code", "message")

    def __init__(self, code: int | None, message: str) -> None:
        self.code = code
        self.message = message

    def __str__(self) -> str:
        if self.code is None:
            return self.message
        return f"rpc error: code = {code_name(self.code)} desc = {self.message}"


def code_name(code: int) -> str:
    """Return the name of a gRPC code as Go prints it."""
    return _NAMES[code] if code < len(_NAMES) else f"Code({code})"


def of_reset(code: int, name: str) -> Status:
    """Return the status for a stream that the server reset with an HTTP/2 error code."""
    status = _OF_RESET.get(code, INTERNAL if code <= _LAST_KNOWN_RESET else UNKNOWN)
    return Status(status, f"stream terminated by RST_STREAM with error code: {name}")


def decode_message(value: bytes) -> str:
    """Undo the percent-encoding of grpc-message; broken escapes stay as they are."""
    if b"%" not in value:
        return printable(to_text(value))
    out = bytearray()
    at = 0
    while at < len(value):
        digits = value[at + 1 : at + 3]
        if value[at] == 0x25 and len(digits) == 2 and _is_hex(digits):
            out.append(int(digits, 16))
            at += 3
        else:
            out.append(value[at])
            at += 1
    return printable(to_text(bytes(out)))


def _is_hex(digits: bytes) -> bool:
    return all(digit in b"0123456789abcdefABCDEF" for digit in digits)


class Headers:
    """What one header block of the answer says about the call."""

    __slots__ = ("code", "content_type", "encoding", "http", "malformed", "message")

    def __init__(self, block: Iterable[tuple[bytes, bytes]]) -> None:
        self.http: bytes | None = None
        self.content_type: bytes | None = None
        self.code: int | None = None
        self.message = ""
        self.encoding = b""
        self.malformed: Status | None = None
        for name, value in block:
            if name == b"grpc-status":
                self._read_code(value)
            elif name == b"grpc-message":
                self.message = decode_message(value)
            elif name == b":status":
                self.http = value
            elif name == b"content-type":
                self.content_type = value
            elif name == b"grpc-encoding":
                self.encoding = value

    def _read_code(self, value: bytes) -> None:
        text = printable(to_text(value))
        try:
            self.code = _parse_int32(text) & 0xFFFF_FFFF
        except ValueError as exc:
            self.malformed = Status(UNKNOWN, f"transport: malformed grpc-status: {exc}")

    @property
    def informational(self) -> bool:
        """Whether these are 1xx headers, which announce others."""
        return self.http is not None and len(self.http) == 3 and self.http[:1] == b"1"

    def refusal(self, *, first: bool) -> Status | None:
        """Return why this is no gRPC answer, or None; `first` for the block that opens it."""
        if self.malformed is not None:
            return self.malformed
        code, trouble = INTERNAL, "malformed header: missing HTTP status" if first else ""
        if self.http is not None:
            try:
                number = _parse_int32(printable(to_text(self.http)))
            except ValueError as exc:
                return Status(INTERNAL, f"transport: malformed http-status: {exc}")
            code = _OF_HTTP.get(number, UNKNOWN)
            trouble = "" if number == 200 else _unexpected_http(number)
        wrong_type = self._wrong_type()
        if not trouble and (not wrong_type or not first):
            return None
        return Status(code, "; ".join(filter(None, (trouble, wrong_type))))

    def _wrong_type(self) -> str:
        if self.content_type is None:
            return "malformed header: missing HTTP content-type"
        kind = self.content_type.lower()
        if kind == b"application/grpc" or kind.startswith(
            (b"application/grpc+", b"application/grpc;")
        ):
            return ""
        received = quote(to_text(self.content_type))
        return f"transport: received unexpected content-type {received}"

    def status(self) -> Status:
        """Return the status that trailers carry; without one it is Unknown."""
        return Status(UNKNOWN if self.code is None else self.code, self.message)


def _parse_int32(text: str) -> int:
    """Parse as strconv.ParseInt(text, 10, 32) does, with its error texts."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    value = int(text)
    if not -(2**31) <= value < 2**31:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return value


def _unexpected_http(number: int) -> str:
    from http import HTTPStatus  # only a server that is no gRPC server costs this import

    try:
        phrase = HTTPStatus(number).phrase
    except ValueError:
        phrase = ""
    return f"unexpected HTTP status code received from server: {number} ({phrase})"
