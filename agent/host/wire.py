"""How do the agent and its spawner process talk?

One SOCK_SEQPACKET socket pair: a packet is one marshalled tuple, with descriptors beside it; its
first item is one of the kinds below, its second the request's number. Both ends run the same
interpreter, so marshal is safe and cheapest.
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

# To the helper. `given` has a bit for each descriptor: 1 stdin, 2 stdout, 4 stderr, 8 cgroup,
# 16 pidfd of the process whose mounts to share.
# `careful`: its program may hang in execve. The fields of a command have 0 for its mark, so that
# they are the same each time.
SPAWN = 1  # id, Spec's fields, given, None, careful
CAPTURE = 2  # id, Spec's fields marshalled, given, timeout or None, careful, mark
CANCEL = 3  # id
GUARD = 4  # 0, (the agent's mark, the directory of its cgroups) or None, where to keep or ""
PING = 5  # 0
KEEP = 11  # 0, name, names of the descriptors beside it, whether these are further ones
DROP = 12  # 0, name
KNOWN = 13  # 0, id of a SPAWN: the agent has taken note of its process, or of its end
CHECK = 14  # id
FAREWELL = 15  # 0: keep nothing
# From the helper. A reason is (stage, errno, path concerned).
SPAWNED = 6  # id, pid, None; with the pidfd
FAILED = 7  # id, 0, reason
CAPTURED = 8  # id, exit code or -1, signal or 0, timed out, truncated, output, reason or None
PONG = 9  # 0
CHECKED = 16  # id, names of which not all could be kept, why there is no socket or ""
_LARGE = 10
# From a keeper to a later agent, perhaps of another release: these stay as they are.
KEPT = 101  # ((name, names of descriptors), ...); with as many descriptors
ALL = 102  # how many descriptors these were
RELEASE = 103  # the answer: somebody else keeps them now

#: What is particular about a mount: nothing can be written; nor in mounts below it, wherever the
#: kernel can (or else it fails); what the host mounts below it later appears; programs may run
#: from it wherever it lies; its mount point does not exist and cannot be made on the host.
READ_ONLY = 1
READ_ONLY_BELOW = 2
READ_ONLY_BELOW_OR_FAIL = 4
FOLLOWS_HOST = 8
RUNNABLE = 16
PRETENDED = 32
OPTIONAL = 64

_PACKET = 64 * 1024
#: SCM_MAX_FD is 253; a large message takes one.
MAX_FDS = 250
_INT = 4
#: Of marshal: older than any interpreter at the other end.
_FORMAT = 2
_ANCILLARY = _socket.CMSG_SPACE((MAX_FDS + 1) * _INT)


class Spec:
    """A `process.Command` on its way to execve, with what the spawner adds to it.

    `user` is (uid, gid, groups), or None to stay who we are; `die`: be killed when the parent is
    gone; `tty`: stdin becomes the controlling terminal. `inside` is the pidfd of the process whose
    mounts to share, instead of making `mounts`, or negative; the helper sets it.
    """

    __slots__ = (
        "argv",
        "cap_drop",
        "cwd",
        "die",
        "env",
        "inside",
        "mark",
        "mounts",
        "no_new_privs",
        "rlimits",
        "tty",
        "umask",
        "user",
    )

    def __init__(
        self,
        argv: tuple[str, ...],
        env: dict[str, str],
        cwd: str,
        user: tuple[int, int, tuple[int, ...]] | None,
        umask: int,
        rlimits: tuple[tuple[int, int, int], ...],
        no_new_privs: bool,
        cap_drop: tuple[int, ...],
        mark: int,
        die: bool,
        tty: bool,
        mounts: tuple[Bind, ...],
    ) -> None:
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.user = user
        self.umask = umask
        self.rlimits = rlimits
        self.no_new_privs = no_new_privs
        self.cap_drop = cap_drop
        self.mark = mark
        self.die = die
        self.tty = tty
        self.mounts = mounts
        self.inside = -1

    def prepared_in_child(self) -> bool:
        """Whether it takes more than posix_spawn can do."""
        return bool(
            self.user is not None
            or self.rlimits
            or self.no_new_privs
            or self.cap_drop
            or self.changes_view
        )

    @property
    def changes_view(self) -> bool:
        """Whether it sees other files than the helper does."""
        return bool(self.mounts) or self.inside >= 0


class Packet:
    """A message ready to be sent; owns the memfd of a large one."""

    __slots__ = ("data", "fds", "owned")

    def __init__(self, message: Message, fds: Sequence[int] = ()) -> None:
        self.data = marshal.dumps(message, _FORMAT)
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
        if self.owned:
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

    def post(self, message: Message, *, wait: bool) -> bool:
        """Send a message without descriptors; OSError as `send`.

        False if it cannot be sent this way: it is too large, or that would block and `wait` is
        false.
        """
        data = marshal.dumps(message, _FORMAT)
        if len(data) > _PACKET:
            return False
        flags = _socket.MSG_NOSIGNAL | (0 if wait else _socket.MSG_DONTWAIT)
        try:
            self.sock.send(data, flags)
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


def dumps(fields: Message) -> bytes:
    """A part of a message that is the same in many of them; `loads` takes it back."""
    return marshal.dumps(fields, _FORMAT)


def loads(data: bytes) -> Message:
    """What `dumps` was given."""
    fields: Message = marshal.loads(data)
    return fields


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
