"""What happens to records when their file cannot be written?

A slow disk blocks here, and with it the log thread; the pipes fill and the containers wait: nothing
is lost. A disk that answers with an error (full, read-only, broken, directory not to be made) must
not make containers hang for ever: up to `HELD_LIMIT` bytes of records wait for a retry, whatever
comes after that is counted and dropped until a retry works, and a marker record stands in its
place. A file or directory that was removed or renamed is made again.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections import deque
from collections.abc import Callable

from agent.host import cri_log
from agent.host.log_files import LogFile

HELD_LIMIT = 256 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # the open file stays good
_FIRST_RETRY = 0.1  # seconds
_LAST_RETRY = 2.0
_LOOK_AGAIN = 1.0  # seconds between two looks whether the file still stands at its path
_REMINDER = 10.0  # seconds of health after which the same problem is news again


class LogSink:
    """The way of one container's records to its file, and what waits meanwhile.

    `clock` gives monotonic seconds; `report` is called once for each problem. `wrote` is called
    after each write that may be followed by another one before the caller is back in charge.
    """

    __slots__ = (
        "_clock",
        "_delay",
        "_gaps",
        "_healthy_since",
        "_held",
        "_held_size",
        "_offset",
        "_report",
        "_reported",
        "_waiting",
        "_why",
        "due",
        "file",
        "wrote",
    )

    def __init__(
        self, file: LogFile, *, clock: Callable[[], float], report: Callable[[OSError], None]
    ) -> None:
        self.file = file
        self.due: float | None = None  # when to call `retry`; None while all is well
        self.wrote: Callable[[], None] | None = None
        self._healthy_since = 0.0
        self._clock = clock
        self._report = report
        self._reported: int | None = None
        self._why = ""
        self._delay = _FIRST_RETRY
        self._held: deque[tuple[str, bytes]] = deque()  # stream ("" for markers), records
        self._held_size = 0
        self._waiting: dict[str, int] = {}  # stream -> bytes of input that are held as records
        self._offset = 0  # how much of the first held chunk is in the file
        self._gaps: dict[str, tuple[int, int]] = {}  # stream -> lines, bytes

    def unwritten(self) -> dict[str, int]:
        """The last bytes of each stream's input that must be kept until they are in the file.

        Once output is dropped nobody waits for anything any more: then there are none.
        """
        if self._gaps or not self._held:
            return {}
        stream, records = self._held[0]
        written = cri_log.input_size(records[: self._last_boundary()]) if stream else 0
        return {**self._waiting, stream: self._waiting.get(stream, 0) - written}

    def open(self) -> None:
        """Make the file, before there is anything to write."""
        try:
            self.file.open()
        except OSError as exc:
            self._failed(exc)

    def write(self, stream: str, records: bytes, start: int = 0) -> None:
        """Write whole records of one stream, or keep or count them.

        Nearly all go straight to `file.append`; this is for what that leaves, from `start` on.
        """
        if self.due is not None:
            self._keep_or_count(stream, records)
            return
        now = self._clock()
        if start == 0 and self._stands(now):
            start = self.file.append(records, now)
        if start < len(records):
            self._hold(stream, records)
            self._offset = start
            if start and self.wrote is not None:
                self.wrote()
            self._flush()

    def retry(self, stamp: bytes) -> None:
        """Try again to write what is held, then the markers for what was lost (as of `stamp`)."""
        self._flush()
        if self.due is None and self._gaps:
            for stream, (lines, size) in self._gaps.items():
                self._hold("", cri_log.gap(stamp, stream, lines=lines, size=size, why=self._why))
            self._gaps = {}
            self._flush()

    def close(self) -> None:
        """Let go of the file; what is still held is lost."""
        self._held.clear()
        self._waiting.clear()
        self._held_size = 0
        self.file.close()

    def _keep_or_count(self, stream: str, records: bytes) -> None:
        if not self._gaps and self._held_size + len(records) <= HELD_LIMIT:
            self._hold(stream, records)
            return
        lines, size = self._gaps.get(stream, (0, 0))
        count = records.count(b"\n")
        size += len(records) - count * cri_log.PREFIX_SIZE
        self._gaps[stream] = (lines + count, size)

    def _hold(self, stream: str, records: bytes) -> None:
        self._held.append((stream, records))
        self._held_size += len(records)
        if stream:
            self._waiting[stream] = self._waiting.get(stream, 0) + cri_log.input_size(records)

    def _last_boundary(self) -> int:
        """Where, in the first held chunk, does the record begin that is to be written next?"""
        return self._held[0][1].rfind(b"\n", 0, self._offset) + 1

    def _flush(self) -> None:
        try:
            self._follow_path()
            while self._held:
                self._write_first()
        except OSError as exc:
            self._failed(exc)
            return
        if self.due is not None:
            self._recovered()
        if self.file.rotation_problem is not None:
            self._tell(self.file.rotation_problem)

    def _write_first(self) -> None:
        stream, records = self._held[0]
        while self._offset < len(records):
            self._offset = self.file.write(records, self._offset)
            if self.wrote is not None:
                self.wrote()
        self._held.popleft()
        self._held_size -= len(records)
        if stream:
            self._waiting[stream] -= cri_log.input_size(records)
        self._offset = 0

    def _stands(self, now: float) -> bool:
        """Is the file where it was? If not, or if that is unknown, `_follow_path` has work."""
        try:
            if not self.file.is_open or self.file.has_moved():
                return False
        except OSError:
            return False
        self.file.trusted_until = now + _LOOK_AGAIN
        return True

    def _follow_path(self) -> None:
        now = self._clock()
        if self.file.is_open:
            if now < self.file.trusted_until:
                return
            self.file.trusted_until = now + _LOOK_AGAIN
            if not self.file.has_moved():
                return
            self.file.close()
        self.file.open()
        if self._held:  # the beginning of a torn record went with the old file: write it again
            self._offset = self._last_boundary()

    def _failed(self, exc: OSError) -> None:
        now = self._clock()
        if self.due is None and now - self._healthy_since >= _REMINDER:
            self._reported = None
        if exc.errno not in _FULL:
            with contextlib.suppress(OSError):
                self.file.close()
        self._why = os.strerror(exc.errno) if exc.errno else str(exc)
        self.due = now + self._delay
        self._delay = min(self._delay * 2, _LAST_RETRY)
        self.file.trusted_until = 0.0
        self._tell(exc)

    def _recovered(self) -> None:
        self.due = None
        self._delay = _FIRST_RETRY
        self._healthy_since = self._clock()

    def _tell(self, exc: OSError) -> None:
        """Report a problem unless it is the one that was reported last."""
        if exc.errno != self._reported:
            self._reported = exc.errno
            self._report(exc)
