"""What did a container write? Reads CRI log files back, across rotation.

Lines, `tail` and `since` count as in the kubelet (`pkg/kubelet/kuberuntime/logs/logs.go`): a tail
counts records, partial ones included; a timestamp stands at the beginning of a line only. Unlike
the kubelet, which reads the current file alone, a reader begins with the oldest rotated file.
Everything here waits for the disk: the agent calls it through `LogPump.call`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from datetime import datetime

from agent.host import cri_log
from agent.host.log_files import rotated_files

_BLOCK = 64 * 1024
#: What stands between the stamp of a full line, which always has the same length, and its text.
_FULL_LINES = {b" stdout F ", b" stderr F "}
_STAMP = cri_log.PREFIX_SIZE - len(" stdout F ")


class LogReader:
    """A place in the log of one attempt; `read` goes on from there, also when more is written."""

    __slots__ = (
        "_files",
        "_left",
        "_line_begins",
        "_opened",
        "_position",
        "_rest",
        "_since",
        "_skip",
        "_stream",
        "_tail",
        "_timestamps",
        "path",
    )

    def __init__(
        self,
        path: str,
        *,
        tail_lines: int | None = None,
        since_time: datetime | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
        stream: str | None = None,
    ) -> None:
        """Nothing is opened yet: that is left to the first `read`."""
        self.path = path
        self._since = cri_log.stamp_of(since_time) if since_time is not None else b""
        self._timestamps = timestamps
        self._left = limit_bytes
        self._stream = stream.encode() if stream is not None else None
        self._tail = tail_lines
        self._files: deque[int] = deque()
        self._opened = False
        self._position = 0
        self._rest = b""
        self._line_begins = True
        self._skip = 0

    @property
    def has_ended(self) -> bool:
        """Is the limit of bytes reached?"""
        return self._left is not None and self._left <= 0

    def read(self) -> bytes:
        """Return some more of the output; empty when there is no more for now, or at all.

        `FileNotFoundError` when there is no such log.
        """
        if not self._opened:
            self._open()
        while not self.has_ended:
            block = os.pread(self._files[0], _BLOCK, self._position)
            if block:
                self._position += len(block)
                output = self._render(block)
                if output:
                    return output
            elif not self._next_file():
                break
        return b""

    def close(self) -> None:
        """Let go of all files."""
        while self._files:
            os.close(self._files.pop())

    def _open(self) -> None:
        self._files.extend(_open_all(self.path))
        self._opened = True
        if self._tail is not None:
            self._go_to_tail(self._tail)

    def _next_file(self) -> bool:
        """Go on to the next file, if there is one; the current file ends only by rotation."""
        if len(self._files) == 1:
            self._files.extend(_newer(self.path, self._files[0]))
        if len(self._files) == 1:
            return False
        os.close(self._files.popleft())
        self._position = 0
        self._rest = b""
        return True

    def _render(self, block: bytes) -> bytes:
        records, newline, rest = (self._rest + block).rpartition(b"\n")
        self._rest = rest
        if not newline:
            return b""
        text = self._stripped(records)
        if text is None:
            text = self._chosen(records)
        if self._left is not None:
            text = text[: self._left]
            self._left -= len(text)
        return text

    def _stripped(self, records: bytes) -> bytes | None:
        """What is wanted of records that are all full lines; None if they are not.

        A quarter of what it takes to parse each of them.
        """
        if self._stream is not None or not self._line_begins:
            return None
        lines = records.split(b"\n")
        begin, kept = cri_log.PREFIX_SIZE, _STAMP + 1
        if not {line[_STAMP:begin] for line in lines} <= _FULL_LINES:
            return None
        if {line.find(b" ") for line in lines} != {_STAMP}:
            return None
        if self._since:
            lines = [line for line in lines if line >= self._since]
        if not lines:
            return b""
        if self._timestamps:
            texts = [line[:kept] + line[begin:] for line in lines]
        else:
            texts = [line[begin:] for line in lines]
        return b"\n".join(texts) + b"\n"

    def _chosen(self, records: bytes) -> bytes:
        """What is wanted of some records."""
        output: list[bytes] = []
        for line in records.split(b"\n"):
            record = cri_log.parse(line)
            if record is None or (self._stream is not None and record.stream != self._stream):
                continue
            if self._skip:
                self._skip -= 1
            elif record.stamp >= self._since:
                output.append(self._line(record))
        return b"".join(output)

    def _line(self, record: cri_log.Record) -> bytes:
        content = record.content
        stamp = b"%b " % record.stamp if self._timestamps and self._line_begins else b""
        self._line_begins = content.endswith(b"\n") or not content
        return stamp + content

    def _go_to_tail(self, lines: int) -> None:
        if self._stream is not None:
            self._skip = max(self._count() - lines, 0)
            return
        index, self._position = _tail_position(self._files, lines)
        for _ in range(index):
            os.close(self._files.popleft())

    def _count(self) -> int:
        """How many records of our stream are there?"""
        found = 0
        for fd in self._files:
            records = map(cri_log.parse, _lines(fd))
            found += sum(record is not None and record.stream == self._stream for record in records)
        return found


def read_log(
    path: str,
    *,
    tail_lines: int | None = None,
    since_time: datetime | None = None,
    timestamps: bool = False,
    limit_bytes: int | None = None,
    stream: str | None = None,
) -> Iterator[bytes]:
    """Yield what the container has written up to now, in pieces of any size.

    `FileNotFoundError` when there is no such log.
    """
    reader = LogReader(
        path,
        tail_lines=tail_lines,
        since_time=since_time,
        timestamps=timestamps,
        limit_bytes=limit_bytes,
        stream=stream,
    )
    try:
        while output := reader.read():
            yield output
    finally:
        reader.close()


def tail(path: str, max_lines: int = 80, max_bytes: int = 2048) -> str:
    """The last bytes of the last lines of stdout and stderr, for `FallbackToLogsOnError`.

    kubelet: `readLastStringFromContainerLogs`. `OSError` when the log cannot be read.
    """
    kept = b""
    for output in read_log(path, tail_lines=max_lines):
        kept = (kept + output)[-max_bytes:]
    return kept.decode("utf-8", "replace")


def _open_all(path: str) -> list[int]:
    """Open all files of a log, oldest first, even while it is being rotated."""
    current: list[int] = []
    fds: list[int] = []
    try:
        try:
            current.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError:
            if not rotated_files(path):
                raise
        newest = os.fstat(current[0]) if current else None
        for name in rotated_files(path):
            try:
                fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # it was the oldest
            fds.append(fd)
            if newest is not None and os.path.samestat(os.fstat(fd), newest):
                os.close(fds.pop())  # rotated after we opened it as the current one
                break
    except BaseException:
        for fd in fds + current:
            os.close(fd)
        raise
    return fds + current


def _newer(path: str, last: int) -> list[int]:
    """Open the files that came after `last`; all there are when `last` itself is gone."""
    try:
        if os.path.samestat(os.stat(path), os.fstat(last)):
            return []
        fds = _open_all(path)
    except FileNotFoundError:
        return []
    known = os.fstat(last)
    ours = [i for i, fd in enumerate(fds) if os.path.samestat(os.fstat(fd), known)]
    count = ours[0] + 1 if ours else 0
    for fd in fds[:count]:
        os.close(fd)
    return fds[count:]


def _lines(fd: int) -> Iterator[bytes]:
    """The complete lines of a file."""
    position, rest = 0, b""
    while block := os.pread(fd, _BLOCK, position):
        position += len(block)
        *lines, rest = (rest + block).split(b"\n")
        yield from lines


def _tail_position(fds: deque[int], lines: int) -> tuple[int, int]:
    """Which file, and where in it, do the last `lines` records begin? Counts backwards."""
    for index in range(len(fds) - 1, -1, -1):
        position = os.fstat(fds[index]).st_size
        while position:
            size = min(position, _BLOCK)
            block = os.pread(fds[index], size, position - size)
            newlines = block.count(b"\n")
            if newlines > lines:
                return index, position - size + _after_newline(block, newlines - lines)
            lines -= newlines
            position -= size
    return 0, 0


def _after_newline(block: bytes, count: int) -> int:
    """The place behind the `count`-th newline of a block that has as many."""
    place = 0
    for _ in range(count):
        place = block.index(b"\n", place) + 1
    return place
