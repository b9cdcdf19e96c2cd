"""What does the log thread do for one container when there is something to read?

Its engine (`agent.host.log_engine`) says when. This is done for each line of a quiet container, and
nearly all of the cost is memory that nobody has touched for a while: the way of a whole line past
all that may go wrong is short, and touches few objects.
"""

from __future__ import annotations

import array
import fcntl
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.host.cri_log import Splitter
from agent.host.log_sink import LogSink

if TYPE_CHECKING:
    from agent.host.log_engine import Engine

Follower = Callable[[str, bytes], None]

CHUNK = 64 * 1024  # larger reads are slower: page faults and malloc
_FIONREAD = 0x541B
_HALF_PAGE = 2048


class Track:
    """One attempt of one container in the log thread: its sources and their common file."""

    __slots__ = (
        "_clock",
        "_file",
        "_is_terminal",
        "ended",
        "engine",
        "follower",
        "sink",
        "sources",
        "taps",
        "watchers",
    )

    def __init__(
        self,
        engine: Engine,
        sink: LogSink,
        *,
        follower: Follower | None,
        ended: Callable[[], None],
        is_terminal: bool = False,
    ) -> None:
        self.engine = engine
        self._is_terminal = is_terminal
        self.sink = sink
        self._file = sink.file
        self._clock = engine.clock
        self.follower = follower
        self.ended = ended  # all sources are closed and all records written, or given up
        self.watchers: tuple[Callable[[], None], ...] = ()  # the loop replaces it as a whole
        self.taps: tuple[Follower, ...] = ()  # likewise; ours, so they never fail
        self.sources: list[Source] = []

    @property
    def is_urgent(self) -> bool:
        """Does somebody sit and watch, so that nothing may wait?"""
        return self._is_terminal or bool(self.taps)

    def take(self, stream: str, data: bytes, records: bytes) -> bool:
        """Pass on what was read (empty at the end of the stream) and the records it completed.

        True: they are in the file, and nothing ever had to wait.
        """
        is_simple = True
        if records:
            written = self._file.append(records, self._clock())
            if written < len(records):
                is_simple = False
                self._write(stream, records, written)
            if self.watchers:
                self.changed()
        if self.taps:
            for tap in self.taps:
                tap(stream, data)
        if self.follower is not None:
            self._show(self.follower, stream, data)
        return is_simple

    def _write(self, stream: str, records: bytes, start: int) -> None:
        self.sink.write(stream, records, start)
        if self.sink.due is not None:
            self.engine.watch_retry(self)

    def _show(self, follower: Follower, stream: str, data: bytes) -> None:
        try:
            follower(stream, data)
        except Exception as exc:  # noqa: BLE001 - output must be kept even if nobody can watch
            self.follower = None
            self.engine.surprise("follower of container output failed", exc)

    def changed(self) -> None:
        """Tell those who follow the file that there is more to read, or that it has ended."""
        for watcher in self.watchers:
            watcher()

    def begin(self, fds: dict[str, int]) -> None:
        """Read from these descriptors from now on."""
        for stream, fd in fds.items():
            Source(self, stream, fd)

    def leave(self) -> bool:
        """Stop without an end, for another agent to go on; False: that is impossible here."""
        return False

    def closed(self, *, is_left: bool) -> None:
        """The file is closed, because everything has ended or was left to another agent."""

    def source_ended(self, source: Source) -> None:
        """Finish when the last source has ended."""
        self.sources.remove(source)
        if not self.sources:
            self.engine.finish(self)


class Source(Splitter):
    """One descriptor that a container writes to, from our side; it splits what comes itself."""

    __slots__ = ("_much", "_stamp", "_stream", "_track", "fd")

    def __init__(self, track: Track, stream: str, fd: int) -> None:
        super().__init__(stream)
        self._track = track
        self._stream = stream
        self.fd = fd
        self._much = _much(fd)
        self._stamp = track.engine.stamp
        track.sources.append(self)
        track.engine.register(fd, self, is_urgent=track.is_urgent)

    def ready(self) -> int:
        """Do one read and what follows from it; return how many bytes there were."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return 0
        except OSError:  # EIO: nobody holds the other side of the terminal any more
            data = b""
        if not data:
            self.end()
            return 0
        self._track.take(self._stream, data, self.feed(data, self._stamp()))
        if len(data) >= self._much:
            self._track.engine.rush()
        return len(data)

    def drain(self) -> None:
        """Read what is there now and no more, although others may still write."""
        count = array.array("i", [0])
        fcntl.ioctl(self.fd, _FIONREAD, count)
        left = count[0]
        while left > 0 and self.fd >= 0:
            left -= self.ready() or left

    def failed(self) -> None:
        """A fault of ours in `ready`, which would come again in every turn."""
        self.end()

    def close(self) -> None:
        """Read no more."""
        self._track.engine.unregister(self.fd)
        os.close(self.fd)
        self.fd = -1

    def end(self) -> None:
        """Close, and pass on what was left without a newline."""
        self.close()
        self._finish()
        self._track.source_ended(self)

    def _finish(self) -> None:
        self._track.take(self._stream, b"", self.finish(self._stamp()))


def _much(fd: int) -> int:
    """How many bytes in one visit say that the pipe might fill up during a rest?

    Not less than half a page: a writer of any sort has filled that before it has to wait.
    """
    try:
        return max(fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ) // 4, _HALF_PAGE)
    except OSError:
        return _HALF_PAGE  # a terminal
