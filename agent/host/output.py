"""Where does the output of a container go, from the moment it is written?

`LogPump` owns the log thread; `LogCapture` is one attempt of one container. Nothing here blocks the
event loop: making directories, writing, rotating and removing are done by the log thread, and a
stalled disk stalls only that thread and, through full pipes, those who write.
"""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from agent.host import log_ends, log_files, log_reader
from agent.host.log_ends import Ends
from agent.host.log_engine import Engine
from agent.host.log_files import LogFile
from agent.host.log_sink import LogSink
from agent.host.log_track import Follower, Track
from agent.host.tasks import tell

if TYPE_CHECKING:  # for those who ask for it; `barepod run` does not
    from agent.host.lasting import Lasting

_CLOSE_SECONDS = 2.0  # for the disk to take what the pipes still hold

_clock = time.perf_counter  # monotonic seconds; cheaper than the loop's, and asked for each record

_T = TypeVar("_T")


class LogCapture:
    """The output of one attempt of one container; made by `LogPump.open` or `adopt`.

    `kept_fds` are for a process that outlives the agent: as long as it holds them, nothing is lost
    when the container ends while no agent lives, and a terminal does not hang up. They are reading
    ends ("stdout", "stderr") or the terminal's master ("tty"), so holding them delays no end; the
    holder must not read. They are the capture's own until `started`.
    """

    __slots__ = ("_drained", "_engine", "_track", "kept_fds", "path", "stderr_fd", "stdout_fd")

    def __init__(self, engine: Engine, track: Track, drained: asyncio.Event, ends: Ends) -> None:
        self.path = track.sink.file.path
        self.stdout_fd = ends.stdout  # for the child; -1 on a terminal and after started()
        self.stderr_fd = ends.stderr
        self.kept_fds: Mapping[str, int] = ends.kept
        self._engine = engine
        self._track = track
        self._drained = drained

    @property
    def is_drained(self) -> bool:
        """Is everything written and the file closed?"""
        return self._drained.is_set()

    def started(self) -> None:
        """The others have their copies of our descriptors, or never will: close ours."""
        for fd in (self.stdout_fd, self.stderr_fd, *self.kept_fds.values()):
            if fd >= 0:
                os.close(fd)
        self.stdout_fd = self.stderr_fd = -1
        self.kept_fds = {}

    async def drained(self) -> None:
        """Wait until all holders have closed and everything is written; the caller sets a limit."""
        await self._drained.wait()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call back, in the log thread, when something was written and when the log has ended."""
        self._track.watchers = (*self._track.watchers, watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call back no more."""
        self._track.watchers = tuple(w for w in self._track.watchers if w != watcher)

    def tap(self, follower: Follower) -> None:
        """From now on call this in the log thread, too; see `LogPump.open`. It must not fail."""
        self._track.taps = (*self._track.taps, follower)
        self._engine.post(lambda: self._engine.heed(self._track))

    def untap(self, follower: Follower) -> None:
        """Call it no more."""
        self._track.taps = tuple(tap for tap in self._track.taps if tap != follower)
        self._engine.post(lambda: self._engine.heed(self._track))

    def abandon(self) -> None:
        """Stop reading although someone holds the pipe: take what is there now, write it, end."""
        self.started()
        if not self.is_drained:
            self._engine.post(lambda: self._engine.abandon(self._track))


class _Watch:
    """Many changes in the log thread, one wake-up in the loop."""

    __slots__ = ("_is_told", "_tell", "event")

    def __init__(self, tell: Callable[[Callable[[], None]], None]) -> None:
        self.event = asyncio.Event()
        self._tell = tell
        self._is_told = False

    def rearm(self) -> None:
        """What changes from now on is news."""
        self.event.clear()
        self._is_told = False

    def changed(self) -> None:
        """Called in the log thread."""
        if not self._is_told:
            self._is_told = True
            self._tell(self.event.set)


class LogPump:
    """Captures the output of all containers; one thread, started with the first need for it.

    `on_problem(path, error)` is called in the loop once for each problem with a file.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_problem: Callable[[str, OSError], None]
    ) -> None:
        self._loop = loop
        self._on_problem = on_problem
        self._engine: Engine | None = None
        self._thread: threading.Thread | None = None
        self._stopped = asyncio.Event()
        self._captures: dict[str, LogCapture] = {}
        self._closed = False

    def start(self) -> None:
        """Start the thread now; `open` would do it. `OSError` when the machine has none left."""
        self._running()

    def open(
        self,
        directory: str | os.PathLike[str],
        attempt: int,
        *,
        max_size: int,
        max_files: int,
        follower: Follower | None = None,
        tty_master: int | None = None,
        lasting: str | None = None,
        owner: int | None = None,
    ) -> LogCapture:
        """Begin to capture attempt `attempt` into `directory/ATTEMPT.log`.

        `max_size` (bytes) and `max_files` rule the rotation. `follower(stream, data)` is called in
        the log thread with the bytes as they come, and with none at the end of a stream; it must
        not block. With `tty_master`, which becomes the capture's own, everything is "stdout".
        Raises `OSError` when descriptors or threads are exhausted; then nothing was begun.

        `lasting` is a directory to be made on a local file system, best in memory. Then the output
        outlives the agent: each byte is logged exactly once, whenever the agent is killed, provided
        that somebody calls `adopt` later; the log thread removes the directory at the end. Pipes
        in it belong to the user `owner`. Reading from a terminal cannot be undone: there, what was
        read and not yet logged is lost with the agent, half a line at least.
        """
        self._running()
        if tty_master is not None:
            ends = log_ends.of_terminal(tty_master, is_kept=lasting is not None)
        elif lasting is None:
            ends = log_ends.of_pipes()
        else:
            ends = log_ends.of_new(lasting, owner)
        return self._begin(directory, attempt, ends, max_size, max_files, follower)

    def adopt(
        self,
        lasting: str,
        directory: str | os.PathLike[str],
        attempt: int,
        *,
        max_size: int,
        max_files: int,
        follower: Follower | None = None,
        tty_master: int | None = None,
    ) -> LogCapture:
        """Go on with what an earlier agent began with the same `lasting`, in the same log.

        That agent is gone, or has closed its pump. It ends as any capture does, at once if nobody
        writes any more or nothing was left. What is to be kept is there again, until `started`.
        `OSError` when descriptors or threads are exhausted.
        """
        self._running()
        if tty_master is not None:
            ends = log_ends.of_terminal(tty_master, is_kept=True)
        else:
            ends = log_ends.of_old(lasting)
        return self._begin(directory, attempt, ends, max_size, max_files, follower)

    def _begin(
        self,
        directory: str | os.PathLike[str],
        attempt: int,
        ends: Ends,
        max_size: int,
        max_files: int,
        follower: Follower | None,
    ) -> LogCapture:
        engine = self._running()
        path = log_files.log_path(directory, attempt)
        drained = asyncio.Event()
        mark = None if ends.lasting is None else ends.lasting.mark
        sink = LogSink(
            LogFile(path, max_size=max_size, max_files=max_files, mark=mark),
            clock=_clock,
            report=lambda exc: self._report(path, exc),
        )

        def ended() -> None:
            drained.set()
            if self._captures.get(path) is capture:
                del self._captures[path]

        def tell_ended() -> None:
            self._tell(ended)

        if ends.lasting is None:
            track = Track(
                engine, sink, follower=follower, ended=tell_ended, is_terminal=ends.is_terminal
            )
        else:
            track = self._lasting_track(engine, sink, ends.lasting, follower, tell_ended)
        self._captures[path] = capture = LogCapture(engine, track, drained, ends)
        engine.post(lambda: engine.add(track, ends.reads))
        return capture

    def _lasting_track(
        self,
        engine: Engine,
        sink: LogSink,
        lasting: Lasting,
        follower: Follower | None,
        ended: Callable[[], None],
    ) -> Track:
        from agent.host.log_lasting import LastingTrack

        return LastingTrack(
            engine,
            sink,
            lasting,
            follower=follower,
            ended=ended,
            report=lambda exc: self._report(lasting.path, exc),
        )

    async def close(self, *, detach: bool = False) -> None:
        """Write what the pipes hold now and end the thread; a stalled disk gets two seconds.

        With `detach` what lasts is left as it is, for another agent's `adopt`; nothing that was
        read of it is lost. Without, nobody reads any more: who goes on writing waits for ever.
        """
        if self._closed:
            return
        self._closed = True
        if self._engine is None or self._thread is None:
            return
        for capture in self._captures.values():
            capture.started()
        engine = self._engine
        engine.post(lambda: engine.stop(detach=detach))
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._stopped.wait()
        except TimeoutError as exc:
            for path in self._captures:
                self._on_problem(path, exc)
            return
        self._thread.join()  # it is past its last statement

    async def call(self, function: Callable[[], _T]) -> _T:
        """Run something that may wait for the disk in the log thread, after all earlier writes."""
        future: asyncio.Future[_T] = self._loop.create_future()

        def settle(result: _T | None, exc: Exception | None) -> None:
            if future.cancelled():
                return
            if exc is not None:
                future.set_exception(exc)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            try:
                result = function()
            except Exception as exc:  # noqa: BLE001 - belongs to the caller
                self._tell(lambda exc=exc: settle(None, exc))  # type: ignore[misc]
            else:
                self._tell(lambda: settle(result, None))

        self._running().post(run)
        return await future

    async def follow(
        self, reader: log_reader.LogReader, *, to_now: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """Yield what `reader` has to read, then what is written to its log, until that ends.

        With `to_now` it ends with what has been written by now. A log that nobody writes ends at
        once. `FileNotFoundError` when there is none.
        """
        watch = _Watch(self._tell)
        capture = self._captures.get(reader.path)
        if capture is not None:
            capture.watch(watch.changed)
        try:
            while not self._closed:
                watch.rearm()
                ended = capture is None or capture.is_drained
                if output := await self.call(reader.read):
                    yield output
                elif ended or to_now or reader.has_ended:
                    return
                else:
                    await watch.event.wait()
        finally:
            if capture is not None:
                capture.unwatch(watch.changed)
            self._let_go(reader)

    async def tail(self, path: str) -> str:
        """The end of a log as a termination message has it; see `log_reader.tail`."""
        return await self.call(lambda: log_reader.tail(path))

    def discard(self, directory: str | os.PathLike[str], *, before: int | None = None) -> None:
        """Remove the logs of attempts older than `before`, or the whole directory; in its time."""
        self._running().post(lambda: log_files.remove_logs(directory, before=before))

    def _let_go(self, reader: log_reader.LogReader) -> None:
        if self._closed or self._engine is None:
            reader.close()
        else:
            self._engine.post(reader.close)  # after a read that is still under way

    def _running(self) -> Engine:
        if self._closed:
            raise RuntimeError("the log pump is closed")
        if self._engine is None:
            engine = Engine(clock=_clock, surprise=self._surprise, later=self._loop.call_soon)
            thread = threading.Thread(target=self._run, args=(engine,), name="logs", daemon=True)
            try:
                thread.start()
            except RuntimeError as exc:
                engine.dispose()
                raise OSError(errno.EAGAIN, "cannot start the log thread") from exc
            self._engine, self._thread = engine, thread
        return self._engine

    def _run(self, engine: Engine) -> None:
        try:
            engine.run()
        finally:
            self._tell(lambda: self._ended(engine))

    def _ended(self, engine: Engine) -> None:
        engine.dispose()
        self._stopped.set()

    def _tell(self, what: Callable[[], None]) -> None:
        tell(self._loop, what)

    def _report(self, path: str, exc: OSError) -> None:
        self._tell(lambda: self._on_problem(path, exc))

    def _surprise(self, message: str, exc: Exception) -> None:
        context = {"message": message, "exception": exc}
        self._tell(lambda: self._loop.call_exception_handler(context))
