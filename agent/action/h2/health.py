"""What is asked of grpc.health.v1.Health, and what does the answer mean?"""

from __future__ import annotations

from typing import Final

from agent.action.h2 import frames, status
from agent.action.h2.status import Status

SERVING: Final = 1

#: kubelet 1.34 is built with this grpc-go.
_USER_AGENT: Final = b"kube-probe/1.34 grpc-go/1.72.1"
_PATH: Final = b"/grpc.health.v1.Health/Check"
_METHOD_POST: Final = b"\x83"  # whole entries of the static table
_SCHEME_HTTP: Final = b"\x86"
_AUTHORITY, _PATH_NAME, _CONTENT_TYPE, _AGENT = 1, 4, 31, 58  # names of the static table

_NAMES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_MAX_TIMEOUT_DIGITS = 8


def request(authority: str, service: str, timeout: float | None) -> bytes:
    """Return everything that is sent to ask once: preface, SETTINGS, HEADERS and DATA.

    All of it goes out at once: a client need not wait for the server's SETTINGS (RFC 9113, 3.4).
    """
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    pairs = [
        (_PATH_NAME, b"", _PATH),
        (_AUTHORITY, b"", authority.encode()),
        (_CONTENT_TYPE, b"", b"application/grpc"),
        (_AGENT, b"", _USER_AGENT),
        (0, b"te", b"trailers"),
    ]
    if timeout is not None:
        pairs.append((0, b"grpc-timeout", _grpc_timeout(timeout)))
    block = _METHOD_POST + _SCHEME_HTTP + frames.fields(pairs)
    return b"".join(
        (
            frames.PREFACE,
            frames.write(frames.SETTINGS, 0, 0, b""),
            frames.write(frames.HEADERS, frames.END_HEADERS, 1, block),
            frames.write_data(1, b"\0" + len(message).to_bytes(4, "big") + message),
        )
    )


def _grpc_timeout(seconds: float) -> bytes:
    """The deadline as the grpc-timeout header has it: at most eight digits and a unit."""
    milliseconds = str(round(seconds * 1000))
    if len(milliseconds) <= _MAX_TIMEOUT_DIGITS:
        return milliseconds.encode() + b"m"
    return str(round(seconds)).encode() + b"S"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def serving_status(message: bytes) -> int | Status:
    """Return the status number of a HealthCheckResponse, or why it is not one.

    Unknown fields are skipped; of several status fields the last counts, as in protobuf.
    """
    found, at = 0, 0
    try:
        while at < len(message):
            key, at = _read_varint(message, at)
            value, at = _read_value(message, at, key)
            if key == 0x08:
                found = value & 0xFFFF_FFFF
    except ValueError:
        text = "proto: cannot parse invalid wire-format data"
        return Status(status.INTERNAL, f"grpc: failed to unmarshal the received message: {text}")
    return found - 2**32 if found >= 2**31 else found


def status_name(number: int) -> str:
    """Return the name of a serving status as Go prints the enum."""
    return _NAMES[number] if 0 <= number < len(_NAMES) else str(number)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise ValueError("unfinished varint")


def _read_value(data: bytes, at: int, key: int) -> tuple[int, int]:
    """Return the value (for varints) and the place after it."""
    kind = key & 7
    if key >> 3 == 0:
        raise ValueError("field number 0")
    if kind == 0:
        return _read_varint(data, at)
    if kind == 2:
        length, at = _read_varint(data, at)
    elif kind in (1, 5):
        length = 8 if kind == 1 else 4
    else:
        raise ValueError("groups are not used here")
    if at + length > len(data):
        raise ValueError("cut off")
    return 0, at + length
