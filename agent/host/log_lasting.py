"""How does output get into its log when the agent may die, or be replaced, at any moment?

The same log thread, sink and file as for all output; but what is read goes through the spool of
`agent.host.spool`, and after each write the ledger of `agent.host.lasting` is told.

Output that has to be dropped because the disk is broken (`agent.host.log_sink`) counts as done. A
spool that cannot be written (its file system is full) is left out until it can: then output still
goes to the log, but what is on the way there is lost with the agent. Neither stops a container.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from agent.host.lasting import Lasting, remove
from agent.host.log_engine import Engine
from agent.host.log_sink import LogSink
from agent.host.log_track import CHUNK, Follower, Source, Track
from agent.host.spool import Spool


class LastingTrack(Track):
    """One attempt of one container whose output outlives the agent."""

    __slots__ = (
        "_is_reported",
        "_lasting",
        "_ledger",
        "_readers",
        "_report",
        "_stderr",
        "_stdout",
    )

    def __init__(
        self,
        engine: Engine,
        sink: LogSink,
        lasting: Lasting,
        *,
        follower: Follower | None,
        ended: Callable[[], None],
        report: Callable[[OSError], None],
    ) -> None:
        """`report` is called once when the directory of `lasting` cannot be written."""
        super().__init__(engine, sink, follower=follower, ended=ended)
        self._lasting = lasting
        self._ledger = lasting.ledger
        self._stdout = lasting.spools["stdout"]
        self._stderr = lasting.spools["stderr"]
        self._report = report
        self._is_reported = False
        self._readers: list[LastingSource] = []
        sink.file.on_open = self._record
        sink.wrote = self.commit

    def begin(self, fds: dict[str, int]) -> None:
        spools = self._lasting.spools
        self._readers = [LastingSource(self, name, fd, spools[name]) for name, fd in fds.items()]
        for reader in self._readers:
            reader.resume()

    def leave(self) -> bool:
        for reader in self._readers:
            reader.leave()
        return True

    def closed(self, *, is_left: bool) -> None:
        self._lasting.close()
        if not is_left:
            try:
                remove(self._lasting.path)
            except OSError as exc:
                self.report(exc)

    def commit(self) -> None:
        """Have the ledger say what is in the log by now; then the spools need it no more."""
        spools = self._lasting.spools
        unwritten = self.sink.unwritten()
        for stream, spool in spools.items():  # all of them first: the mark holds for all
            spool.done = spool.claimed - unwritten.get(stream, 0)
        self._record()
        for spool in spools.values():
            if spool.shrink():
                self._record()

    def commit_only(self, spool: Spool) -> None:
        """The same after a simple write from this spool, which is nearly always all there is."""
        is_large = spool.settle()
        self._record()
        if is_large and spool.shrink():
            self._record()

    def report(self, exc: OSError) -> None:
        """The promise does not hold at the moment; say so once."""
        if not self._is_reported:
            self._is_reported = True
            self._report(exc)

    def _record(self) -> None:
        file = self._file
        try:
            self._ledger.write(file.identity, file.good_size, self._stdout.done, self._stderr.done)
        except OSError as exc:
            self.report(exc)


class LastingSource(Source):
    """One FIFO that a container writes to, from our side."""

    __slots__ = ("_has_failed", "_is_outside", "_is_sound", "_of", "_spool")

    def __init__(self, track: LastingTrack, stream: str, fd: int, spool: Spool) -> None:
        super().__init__(track, stream, fd)
        self._of = track
        self._spool = spool
        self._is_outside = False  # was the last read not through the spool?
        self._has_failed = False
        self._is_sound = True  # neither of them

    def resume(self) -> None:
        """Take up what an earlier agent left, and see whether there is anybody who writes."""
        try:
            while data := self._spool.leftover():
                self._pass_on(data)
            # If nobody wrote when we opened it, the kernel will not tell us of the end: look.
            self.drain()
            if self.fd >= 0:
                self.ready()
        except Exception as exc:  # noqa: BLE001 - the other stream has its own fate
            self._of.engine.surprise("capture of container output failed", exc)
            self.failed()

    def ready(self) -> int:
        try:
            data = self._spool.move(self.fd) if self._is_sound else self._read()
        except BlockingIOError:
            return 0
        except OSError:
            if not self._is_sound:
                raise
            self._is_sound = False
            return self.ready()
        if not data:
            self.end()
        elif not self._has_failed:
            self._pass_on(data)
        return len(data)

    def failed(self) -> None:
        """Read on and keep nothing: the container would wait for ever, for it holds its pipe."""
        self._has_failed = True
        self._is_sound = False

    def leave(self) -> None:
        """Read no more; what was read of an unfinished line is in the spool, or is written now."""
        if self.fd >= 0:
            self.close()
            if self._is_outside:
                self._finish()

    def _read(self) -> bytes:
        if self._has_failed or (self._is_outside and self.held):
            return os.read(self.fd, CHUNK)
        try:
            data = self._spool.move(self.fd)
        except BlockingIOError:
            raise
        except OSError as exc:
            self._of.report(exc)
            self._is_outside = True
            return os.read(self.fd, CHUNK)
        self._is_outside = False
        self._is_sound = True
        return data

    def _pass_on(self, data: bytes) -> None:
        spool, track = self._spool, self._of
        records = self.feed(data, self._stamp())
        unfinished = self.held
        spool.claimed = spool.taken
        if unfinished and not self._is_outside:
            spool.claimed -= len(unfinished)
        is_simple = track.take(self._stream, data, records)
        if records:
            if is_simple:
                track.commit_only(spool)
            else:
                track.commit()
        if len(data) >= self._much:
            track.engine.rush()

    def _finish(self) -> None:
        if not self._has_failed:
            self._spool.claimed = self._spool.taken
            super()._finish()
            self._of.commit()
