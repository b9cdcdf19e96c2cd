"""The log thread: reads all pipes, and is the only one who waits for the log disk.

One private epoll; per turn one read of at most 64 KiB from each ready descriptor, one timestamp and
one write for what it gave, so that no container can crowd out another. Under the load of many small
visits it rests between turns (`agent.host.log_pace`), until something happens that cannot wait. The
event loop talks to it by `post`, and hears from it through callbacks that the owner makes
thread-safe.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
from collections import deque
from collections.abc import Callable

from agent.host.cri_log import Stamps
from agent.host.log_pace import Pace
from agent.host.log_track import Source, Track

_BATCH = 256
_MAX_UNWRITTEN = 16  # ended containers whose last records still wait for a broken disk


class Engine:
    """What runs in the log thread; the loop may call only `post`, and `dispose` at the end."""

    __slots__ = (
        "_commands",
        "_epoll",
        "_failing",
        "_is_to_be_woken",
        "_later",
        "_pace",
        "_sources",
        "_stopped",
        "_tracks",
        "_unwritten",
        "_urgent",
        "_wake",
        "clock",
        "rush",
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
        self.clock = clock
        self._epoll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._urgent = select.epoll()  # what ends a rest: commands, ends, people
        for epoll in (self._epoll, self._urgent):
            epoll.register(self._wake, select.EPOLLIN)
        self._pace = Pace(clock)
        self.rush = self._pace.rush
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
        while not self._stopped:
            self.turn()

    def turn(self) -> None:
        """Wait for something to do, do it, and perhaps rest."""
        ready = self._epoll.poll(self._patience(), _BATCH)
        self._visit(ready)
        for track in tuple(self._failing):
            self._guard(functools.partial(self._retry, track))
        rest = self._pace.rest(len(ready))
        if rest and len(ready) < _BATCH and not self._stopped:  # a full batch: there may be more
            self._urgent.poll(rest, 1)

    def _visit(self, ready: list[tuple[int, int]]) -> None:
        sources = self._sources
        for fd, _ in ready:
            source = sources.get(fd)
            if source is None:
                self._obey()
                continue
            try:
                source.ready()
            except Exception as exc:  # noqa: BLE001 - as in _guard, without its cost
                self.surprise("capture of container output failed", exc)
                self._guard(source.failed)

    def dispose(self) -> None:
        """Close what is left when the thread has ended or was never started; called in the loop."""
        self._epoll.close()
        self._urgent.close()
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

    def register(self, fd: int, source: Source, *, is_urgent: bool) -> None:
        """Read from this descriptor from now on."""
        self._epoll.register(fd, select.EPOLLIN)
        self._urgent.register(fd, select.EPOLLIN if is_urgent else 0)  # 0: its end
        self._sources[fd] = source  # only now: what is in here is registered

    def unregister(self, fd: int) -> None:
        """Stop; must come before the descriptor is closed."""
        del self._sources[fd]
        self._epoll.unregister(fd)
        self._urgent.unregister(fd)

    def heed(self, track: Track) -> None:
        """The track's output has become urgent, or no longer is."""
        if track in self._tracks:
            for source in track.sources:
                self._urgent.modify(source.fd, select.EPOLLIN if track.is_urgent else 0)

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
        return max(min(dues) - self.clock(), 0.0) if dues else -1.0

    def _retry(self, track: Track) -> None:
        sink = track.sink
        if sink.due is not None and sink.due <= self.clock():
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
