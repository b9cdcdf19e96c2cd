"""How do the agent and its spawner process talk?

One SOCK_SEQPACKET socket pair: a packet is one marshalled tuple whose first item is a `Kind`,
with descriptors beside it. Both ends run the same interpreter, so marshal is safe and cheapest.
A tuple too large for a packet travels in a memfd.

Imported by the helper process: keep it free of heavy imports (`_socket`, not `socket`: 5 ms).
"""

from __future__ import annotations

import _socket
import marshal
import os
import sys

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Message = tuple[Any, ...]
    #: source, path below it, target, flags (see below)
    Bind = tuple[str, str, str, int]
    #: argv, env, cwd, (uid, gid, groups) or None, umask, rlimits, no_new_privs, cap_drop, mark,
    #: die with the parent, make stdin the controlling terminal, mounts
    Spec = tuple[
        tuple[str, ...],
        dict[str, str],
        str,
        tuple[int, int, tuple[int, ...]] | None,
        int,
        tuple[tuple[int, int, int], ...],
        bool,
        tuple[int, ...],
        int,
        bool,
        bool,
        tuple[Bind, ...],
    ]

SPAWN = 1
CAPTURE = 2
CANCEL = 3
GUARD = 4
PING = 5
SPAWNED = 6
FAILED = 7
CAPTURED = 8
PONG = 9
_LARGE = 10

#: What is particular about a mount: nothing can be written; nor in mounts below it, wherever the
#: kernel can (or else it fails); what the host mounts below it later appears; programs may run
#: from it wherever it lies; its mount point does not exist and cannot be made on the host.
READ_ONLY = 1
READ_ONLY_BELOW = 2
READ_ONLY_BELOW_OR_FAIL = 4
FOLLOWS_HOST = 8
RUNNABLE = 16
PRETENDED = 32

_PACKET = 64 * 1024
_MAX_FDS = 8
_INT = 4
_ANCILLARY = _socket.CMSG_SPACE(_MAX_FDS * _INT)


class Packet:
    """A message ready to be sent; owns the memfd of a large one."""

    __slots__ = ("data", "fds", "owned")

    def __init__(self, message: Message, fds: Sequence[int] = ()) -> None:
        self.data = marshal.dumps(message)
        self.fds = tuple(fds)
        self.owned: list[int] = []
        if len(self.data) > _PACKET:
            memfd = os.memfd_create("barepod")
            self.owned.append(memfd)
            os.truncate(memfd, len(self.data))
            _write_all(memfd, self.data)
            self.data = marshal.dumps((_LARGE, len(self.data)))
            self.fds = (*self.fds, memfd)

    def keep(self) -> None:
        """Hold duplicates of the descriptors, since the packet is sent later (OSError: EMFILE)."""
        kept: list[int] = []
        try:
            for fd in self.fds:
                kept.append(os.dup(fd))
        except OSError:
            close_all(kept)
            raise
        self.close()
        self.fds = tuple(kept)
        self.owned = kept

    def close(self) -> None:
        """Close what the packet owns."""
        close_all(self.owned)
        self.owned = []


class Channel:
    """One end of the pair."""

    __slots__ = ("_buffer", "_view", "sock")

    def __init__(self, sock: _socket.socket) -> None:
        self.sock = sock
        self._buffer = bytearray(_PACKET)
        self._view = memoryview(self._buffer)

    def send(self, packet: Packet, *, wait: bool) -> bool:
        """Send, or return False if that would block and `wait` is false; OSError otherwise."""
        ancillary = (
            [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, _pack(packet.fds))] if packet.fds else []
        )
        flags = _socket.MSG_NOSIGNAL | (0 if wait else _socket.MSG_DONTWAIT)
        try:
            self.sock.sendmsg([packet.data], ancillary, flags)
        except BlockingIOError:
            return False
        return True

    def receive(self) -> tuple[Message, list[int]] | None:
        """The next message and its descriptors (close-on-exec); None if there is none yet.

        EOFError when the other end is closed. Descriptors are missing when this process has
        no free ones; the caller sees it by their number.
        """
        flags = _socket.MSG_DONTWAIT | _socket.MSG_CMSG_CLOEXEC
        try:
            size, ancillary, _, _ = self.sock.recvmsg_into([self._buffer], _ANCILLARY, flags)
        except BlockingIOError:
            return None
        except ConnectionError:
            raise EOFError from None
        if size == 0:
            raise EOFError
        fds: list[int] = []
        for _level, _kind, data in ancillary:
            fds += memoryview(data[: len(data) // _INT * _INT]).cast("i").tolist()
        message: Message = marshal.loads(self._view[:size])
        if message[0] == _LARGE:
            return self._large(message[1], fds)
        return message, fds

    def close(self) -> None:
        """Close this end."""
        self.sock.close()

    @staticmethod
    def _large(size: int, fds: list[int]) -> tuple[Message, list[int]]:
        if not fds:
            raise OSError("a large message came without its memory file")
        memfd = fds.pop()
        data = bytearray()
        while len(data) < size:
            chunk = os.pread(memfd, size - len(data), len(data))
            if not chunk:
                break
            data += chunk
        os.close(memfd)
        return marshal.loads(data), fds


def close_all(fds: Sequence[int]) -> None:
    """Close descriptors."""
    for fd in fds:
        os.close(fd)


def _pack(fds: Sequence[int]) -> bytes:
    return b"".join(fd.to_bytes(_INT, sys.byteorder) for fd in fds)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
