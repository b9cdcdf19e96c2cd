"""The log thread: reads all pipes, and is the only one who waits for the log disk.

One private epoll; per turn one read of at most 64 KiB from each ready descriptor, one timestamp and
one write for what it gave, so that no container can crowd out another. The event loop talks to it
by `post`, and hears from it through callbacks that the owner makes thread-safe.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import functools
import os
import select
from collections import deque
from collections.abc import Callable

from agent.host.cri_log import Splitter, Stamps
from agent.host.log_sink import LogSink

Follower = Callable[[str, bytes], None]

CHUNK = 64 * 1024  # larger reads are slower: page faults and malloc
_BATCH = 64
_FIONREAD = 0x541B
_MAX_UNWRITTEN = 16  # ended containers whose last records still wait for a broken disk


class Track:
    """One attempt of one container in the log thread: its sources and their common file."""

    __slots__ = ("ended", "engine", "follower", "sink", "sources", "taps", "watchers")

    def __init__(
        self,
        engine: Engine,
        sink: LogSink,
        *,
        follower: Follower | None,
        ended: Callable[[], None],
    ) -> None:
        self.engine = engine
        self.sink = sink
        self.follower = follower
        self.ended = ended  # all sources are closed and all records written, or given up
        self.watchers: tuple[Callable[[], None], ...] = ()  # the loop replaces it as a whole
        self.taps: tuple[Follower, ...] = ()  # likewise; ours, so they never fail
        self.sources: list[Source] = []

    def take(self, stream: str, data: bytes, records: bytes) -> None:
        """Pass on what was read (empty at the end of the stream) and the records it completed."""
        if records:
            self.sink.write(stream, records)
            if self.sink.due is not None:
                self.engine.watch_retry(self)
            if self.watchers:
                self.changed()
        for tap in self.taps:
            tap(stream, data)
        if self.follower is not None:
            try:
                self.follower(stream, data)
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


class Source:
    """One descriptor that a container writes to, from our side."""

    __slots__ = ("_fd", "_feed", "_splitter", "_stamp", "_stream", "_track")

    def __init__(self, track: Track, stream: str, fd: int) -> None:
        self._track = track
        self._stream = stream
        self._fd = fd
        self._splitter = Splitter(stream)
        self._feed = self._splitter.feed
        self._stamp = track.engine.stamp
        track.sources.append(self)
        track.engine.register(fd, self)

    def ready(self) -> int:
        """Do one read and what follows from it; return how many bytes there were."""
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return 0
        except OSError:  # EIO: nobody holds the other side of the terminal any more
            data = b""
        if not data:
            self.end()
            return 0
        self._track.take(self._stream, data, self._feed(data, self._stamp()))
        return len(data)

    def drain(self) -> None:
        """Read what is there now and no more, although others may still write."""
        count = array.array("i", [0])
        fcntl.ioctl(self._fd, _FIONREAD, count)
        left = count[0]
        while left > 0 and self._fd >= 0:
            left -= self.ready() or left

    def failed(self) -> None:
        """A fault of ours in `ready`, which would come again in every turn."""
        self.end()

    def close(self) -> None:
        """Read no more."""
        self._track.engine.unregister(self._fd)
        os.close(self._fd)
        self._fd = -1

    def end(self) -> None:
        """Close, and pass on what was left without a newline."""
        self.close()
        self._finish()
        self._track.source_ended(self)

    def _finish(self) -> None:
        self._track.take(self._stream, b"", self._splitter.finish(self._stamp()))


class Engine:
    """What runs in the log thread; the loop may call only `post`, and `dispose` at the end."""

    __slots__ = (
        "_clock",
        "_commands",
        "_epoll",
        "_failing",
        "_is_to_be_woken",
        "_later",
        "_sources",
        "_stopped",
        "_tracks",
        "_unwritten",
        "_wake",
        "stamp",
        "surprise",
    )

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        surprise: Callable[[str, Exception], None],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        """`later` calls back in the loop, when what is under way there has been done."""
        self.surprise = surprise
        self._later = later
        self._is_to_be_woken = False
        self._clock = clock
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._commands: deque[Callable[[], None]] = deque()
        self._sources: dict[int, Source] = {}
        self._tracks: set[Track] = set()
        self._failing: set[Track] = set()
        self._unwritten: deque[Track] = deque()
        self.stamp = Stamps().now
        self._stopped = False

    def post(self, command: Callable[[], None]) -> None:
        """Have the log thread do this, after what was posted before; called in the loop.

        It is woken a moment later: at once, it would take the interpreter from the loop, which may
        be about to start a container.
        """
        if self._wake >= 0:
            self._commands.append(command)
            if not self._is_to_be_woken:
                self._is_to_be_woken = True
                self._later(self._rouse)

    def _rouse(self) -> None:
        self._is_to_be_woken = False
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Serve until `stop`."""
        sources = self._sources
        while not self._stopped:
            for fd, _ in self._epoll.poll(self._patience(), _BATCH):
                source = sources.get(fd)
                if source is None:
                    self._obey()
                    continue
                try:
                    source.ready()
                except Exception as exc:  # noqa: BLE001 - as in _guard, without its cost
                    self.surprise("capture of container output failed", exc)
                    self._guard(source.failed)
            for track in tuple(self._failing):
                self._guard(functools.partial(self._retry, track))

    def dispose(self) -> None:
        """Close what is left when the thread has ended or was never started; called in the loop."""
        self._epoll.close()
        os.close(self._wake)
        self._wake = -1

    def stop(self, *, detach: bool) -> None:
        """End all tracks with what is there now; posted by the owner, as the last command.

        With `detach` those that can last are left to another agent instead.
        """
        end = self._leave if detach else self.abandon
        for track in tuple(self._tracks):
            self._guard(functools.partial(end, track))
        self._stopped = True

    def add(self, track: Track, fds: dict[str, int]) -> None:
        """Make the file and begin to read."""
        self._tracks.add(track)
        try:
            track.sink.open()
            if track.sink.due is not None:
                self.watch_retry(track)
            track.begin(fds)
            if not fds:
                self.finish(track)
        except BaseException:
            for fd in fds.values():
                if fd in self._sources:
                    self.unregister(fd)
                os.close(fd)
            self._forget(track)
            raise

    def abandon(self, track: Track) -> None:
        """Read what is there now, write it if that is possible at once, and end."""
        if track not in self._tracks:
            return
        try:
            for source in tuple(track.sources):
                source.drain()
        finally:  # all reads first: a writer would complain on one stream that the other is closed
            for source in tuple(track.sources):
                source.end()
            if track in self._tracks:
                track.sink.retry(self.stamp())
                self._forget(track)

    def _leave(self, track: Track) -> None:
        if not track.leave():
            self.abandon(track)
            return
        if track.sink.due is not None:
            track.sink.retry(self.stamp())
        self._forget(track, is_left=True)

    def finish(self, track: Track) -> None:
        """All sources have ended: forget the track, or wait until its last records are written."""
        if track.sink.due is None:
            self._forget(track)
            return
        self._unwritten.append(track)
        if len(self._unwritten) > _MAX_UNWRITTEN:
            self._forget(self._unwritten[0])

    def watch_retry(self, track: Track) -> None:
        """The track's sink needs another try when it is due."""
        self._failing.add(track)

    def register(self, fd: int, source: Source) -> None:
        """Read from this descriptor from now on."""
        self._epoll.register(fd, select.EPOLLIN)
        self._sources[fd] = source  # only now: what is in here is registered

    def unregister(self, fd: int) -> None:
        """Stop; must come before the descriptor is closed."""
        del self._sources[fd]
        self._epoll.unregister(fd)

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a source that ended in this very batch
            os.eventfd_read(self._wake)
        while self._commands and not self._stopped:
            self._guard(self._commands.popleft())

    def _guard(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as exc:  # noqa: BLE001 - one broken track must not stop the others
            self.surprise("log thread failed", exc)

    def _patience(self) -> float:
        """How long may we sleep until some sink is due? -1: as long as nothing happens."""
        if not self._failing:
            return -1.0
        dues = [track.sink.due for track in self._failing if track.sink.due is not None]
        return max(min(dues) - self._clock(), 0.0) if dues else -1.0

    def _retry(self, track: Track) -> None:
        sink = track.sink
        if sink.due is not None and sink.due <= self._clock():
            sink.retry(self.stamp())
        if sink.due is None:
            self._failing.discard(track)
            track.changed()
            if not track.sources:
                self._forget(track)

    def _forget(self, track: Track, *, is_left: bool = False) -> None:
        self._tracks.discard(track)
        self._failing.discard(track)
        if track in self._unwritten:
            self._unwritten.remove(track)
        try:
            track.sink.close()
            track.closed(is_left=is_left)
        finally:
            track.ended()
            track.changed()
