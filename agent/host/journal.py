"""Speak to systemd's journal in its own protocol, so that fields can be searched for.

One datagram per entry: `FIELD=value` lines, a value of several lines with its length before it
(systemd: Native Journal Protocol).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

SOCKET = "/run/systemd/journal/socket"
#: A datagram that is larger than the kernel's buffers would need a detour over a file.
_MAX_VALUE = 32 * 1024


class Journal:
    """Sends entries; one that cannot be sent is counted, and the next one says so."""

    def __init__(self, path: str = SOCKET) -> None:
        """OSError when there is no journal."""
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._sock.connect(path)
        except OSError:
            self._sock.close()
            raise
        self.lost = 0

    def send(self, fields: Mapping[str, str]) -> None:
        """Send one entry; never waits."""
        lost = {"BAREPOD_LOST_ENTRIES": str(self.lost)} if self.lost else {}
        try:
            self._sock.send(encode({**fields, **lost}))
        except OSError:
            self.lost += 1
        else:
            self.lost = 0

    def close(self) -> None:
        """No more entries."""
        self._sock.close()


def encode(fields: Mapping[str, str]) -> bytes:
    """One entry as a datagram; names must be upper case already."""
    lines: list[bytes] = []
    for name, text in fields.items():
        value = text.encode("utf-8", "replace")[:_MAX_VALUE]
        if b"\n" in value:
            size = len(value).to_bytes(8, "little")
            lines.append(name.encode() + b"\n" + size + value + b"\n")
        else:
            lines.append(name.encode() + b"=" + value + b"\n")
    return b"".join(lines)
