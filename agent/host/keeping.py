"""What outlives the agent: descriptors that the helper holds until the next agent asks for them.

A pidfd tells how its process ended for as long as somebody holds it; a pipe stays open for as long
as somebody holds both its ends. So the helper holds copies of what the agent gives it, under the
names of containers, and when the agent is gone it waits at its own socket, for as long as it takes.

The socket is there from the start, so that a new agent that asks early just waits a moment. Each
helper has its own (`PATH.PID`): there may be several keepers after agents that were killed in quick
succession, and no one ever takes another's place.

Imported by the helper process, only when something is to be kept; keep it free of heavy imports.
"""

from __future__ import annotations

import _socket
import marshal
import os
import time
from errno import ETOOMANYREFS

from agent.host import wire
from agent.host.wire import Channel, Packet

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from agent.host.wire import Message

_BACKLOG = 4
_SEND_SECONDS = 5.0
_PAUSE = 0.01
_LONG_PAUSE = 0.1
_CREDENTIALS = 12  # struct ucred: pid, uid, gid
_ANSWER = 64
_PROMPT = 48 * 1024


class Keeping:
    """Holds descriptors by name, and hands them over when the agent is gone."""

    __slots__ = ("_kept", "_listener", "_missing", "_path", "problem")

    def __init__(self, path: str) -> None:
        """`problem` says why nobody will be able to ask; "" if all is well."""
        self._path = f"{path}.{os.getpid()}"
        self._kept: dict[str, dict[str, int]] = {}
        self._missing: set[str] = set()
        self._listener: _socket.socket | None = None
        self.problem = ""
        try:
            self._listener = listen(self._path)
        except OSError as exc:
            self.problem = exc.strerror or str(exc)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of which not everything arrived, for want of free descriptors."""
        return tuple(self._missing)

    def descriptors(self) -> set[int]:
        """All that must stay open."""
        found = {fd for kept in self._kept.values() for fd in kept.values()}
        if self._listener is not None:
            found.add(self._listener.fileno())
        return found

    def keep(self, name: str, names: tuple[str, ...], fds: list[int], *, further: bool) -> None:
        """Hold these; unless they are `further` ones, instead of what the name stood for."""
        if not further:
            self.drop(name)
        self._kept.setdefault(name, {}).update(zip(names, fds, strict=False))
        if len(fds) != len(names):
            self._missing.add(name)
        fds.clear()  # they are not the caller's any more

    def drop(self, name: str) -> None:
        """Hold nothing under this name."""
        self._missing.discard(name)
        wire.close_all(tuple(self._kept.pop(name, {}).values()))

    def forget(self) -> None:
        """Hold nothing."""
        for name in tuple(self._kept):
            self.drop(name)

    def close(self) -> None:
        """Nobody can ask any more."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            remove(self._path)

    def serve(self) -> None:
        """Wait for an agent that takes everything; at once if there is nothing to be had."""
        while self._kept and self._listener is not None:
            try:
                fd, _address = self._listener._accept()  # type: ignore[attr-defined]
            except OSError:  # the machine is out of descriptors: nothing may be lost for that
                time.sleep(_LONG_PAUSE)
                continue
            client = _socket.socket(fileno=fd)
            try:
                if self._hand_over(client):
                    break
            except OSError:  # it has gone, or takes nothing: perhaps the next one does
                continue
            finally:
                client.close()
        self.close()

    def _hand_over(self, client: _socket.socket) -> bool:
        """Whether the other end keeps everything from now on."""
        if peer(client)[1] != os.geteuid():
            return False
        client.settimeout(_SEND_SECONDS)
        channel = Channel(client)
        count = 0
        for entries, fds in portions(self._kept):
            _send(channel, (wire.KEPT, entries), fds)
            count += len(fds)
        _send(channel, (wire.ALL, count), ())
        client.settimeout(None)  # it may take its time; if it dies, we are told
        return is_release(client.recv(_ANSWER))


def is_release(answer: bytes) -> bool:
    """Whether an agent says that we need keep nothing any more; nothing is the end of file."""
    try:
        return bool(marshal.loads(answer)[0] == wire.RELEASE)
    except (ValueError, EOFError, TypeError, LookupError):
        return False


def portions(
    kept: dict[str, dict[str, int]],
) -> list[tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[int, ...]]]:
    """Cut what is kept into messages: so many descriptors and so much text at most."""
    found = []
    entries: list[tuple[str, tuple[str, ...]]] = []
    fds: list[int] = []
    size = 0
    for name, named in kept.items():
        rest = list(named.items())
        while rest:
            length = len(name) + sum(len(key) for key, _ in rest)
            if len(fds) == wire.MAX_FDS or (size and size + length > _PROMPT):
                found.append((tuple(entries), tuple(fds)))
                entries, fds, size = [], [], 0
            room = wire.MAX_FDS - len(fds)
            part, rest = rest[:room], rest[room:]
            entries.append((name, tuple(key for key, _ in part)))
            fds += [fd for _, fd in part]
            size += length
    if entries:
        found.append((tuple(entries), tuple(fds)))
    return found


def listen(path: str) -> _socket.socket:
    """A socket at this path for processes of our user alone (OSError)."""
    folder, name = _at(path)
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC)
    umask = os.umask(0o177)
    try:
        remove(path)  # of a namesake that is long gone: the pid is ours now
        sock.bind(name)
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(umask)
        os.close(folder)
    return sock


def call(path: str) -> _socket.socket:
    """A non-blocking socket to who listens there (OSError)."""
    folder, name = _at(path)
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC)
    try:
        sock.setblocking(False)
        sock.connect(name)
    except OSError:
        sock.close()
        raise
    finally:
        os.close(folder)
    return sock


def peer(sock: _socket.socket) -> tuple[int, int]:
    """Pid and user at the other end."""
    found = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, _CREDENTIALS)
    pid, uid, _gid = memoryview(found).cast("i").tolist()
    return pid, uid


def remove(path: str) -> None:
    """Remove a socket that may be gone."""
    try:
        os.unlink(path)
    except OSError:
        return


def _at(path: str) -> tuple[int, str]:
    """The path by way of a descriptor of its directory: a socket's name has 107 bytes at most."""
    folder, name = os.path.split(path)
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return fd, f"/proc/self/fd/{fd}/{name}"


def _send(channel: Channel, message: Message, fds: tuple[int, ...]) -> None:
    packet = Packet(message, fds)
    deadline = time.monotonic() + _SEND_SECONDS
    try:
        while True:
            try:
                channel.send(packet, wait=True)
                return
            except OSError as exc:
                # An ordinary user may have so many descriptors in flight; the other end reads.
                if exc.errno != ETOOMANYREFS or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
    finally:
        packet.close()
