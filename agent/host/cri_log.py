"""How do raw bytes of a stream become lines of the CRI log format, and back?

`2025-06-01T12:00:00.123456789Z stdout F text`: time, stream, F for a full line or P for a piece
whose line goes on in the next record, then the bytes as they came. Rules as in containerd
(`internal/cri/io/logger.go`, `redirectLogs`): a line longer than 16 KiB is cut into P records of
exactly 16 KiB and a last F; what a stream leaves without a newline at its end is a P record, so
that a reader who joins records gets exactly the bytes that were written. Unlike containerd a
carriage return before the newline is kept.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import NamedTuple

LINE_LIMIT = 16 * 1024
PREFIX_SIZE = len("2025-06-01T12:00:00.123456789Z stdout F ")
_PARTIAL = ord("P")
#: What stands between stamp and text of full and of partial lines; shared by all, as they are.
_TAGS = {name: (f" {name} F ".encode(), f" {name} P ".encode()) for name in ("stdout", "stderr")}


class Record(NamedTuple):
    """One line of a log file; `text` has no newline."""

    stamp: bytes
    stream: bytes
    tag: bytes
    text: bytes

    @property
    def content(self) -> bytes:
        """The container's own bytes: a partial record is not the end of a line."""
        return self.text if self.tag.startswith(b"P") else self.text + b"\n"


class Stamps:
    """Nanoseconds since the epoch as fixed-width RFC 3339 in UTC; sorts as text."""

    __slots__ = ("_began", "_text")

    def __init__(self) -> None:
        self._began = -1_000_000_000  # the second that was formatted last, in nanoseconds
        self._text = b""

    def now(self) -> bytes:
        """The present."""
        return self.format(time.time_ns())

    def format(self, ns: int) -> bytes:
        """`1748779200123456789` -> `2025-06-01T12:00:00.123456789Z`."""
        fraction = ns - self._began
        if not 0 <= fraction < 1_000_000_000:
            second, fraction = divmod(ns, 1_000_000_000)
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()
            self._began = ns - fraction
        return b"%b%09dZ" % (self._text, fraction)


class Splitter:
    """Turns the reads of one stream into whole records; holds at most one unfinished line."""

    __slots__ = ("_full", "_partial", "held")

    def __init__(self, stream: str) -> None:
        self._full, self._partial = _TAGS[stream]
        self.held = b""  # the beginning of a line that waits for its end

    def feed(self, data: bytes, stamp: bytes) -> bytes:
        """Return the records that `data` completes, all with the time of this read."""
        if not self.held and data.endswith(b"\n") and len(data) <= LINE_LIMIT:
            prefix = stamp + self._full  # nearly always: some short lines, and all of them whole
            if data.find(b"\n", 0, -1) < 0:
                return prefix + data
            return prefix + data[:-1].replace(b"\n", b"\n" + prefix) + b"\n"
        return self._feed(data, stamp)

    def _feed(self, data: bytes, stamp: bytes) -> bytes:
        cut = data.rfind(b"\n")
        if self.held:
            if cut >= 0:
                cut += len(self.held)
            data = self.held + data
        if cut < 0:
            return self._hold(data, stamp)
        prefix = stamp + self._full
        if cut <= LINE_LIMIT or _all_fit(data, cut):
            records = b"%b%b\n" % (prefix, data[:cut].replace(b"\n", b"\n" + prefix))
        else:
            records = self._cut_lines(data[:cut], prefix)
        if cut + 1 == len(data):
            self.held = b""
            return records
        return records + self._hold(data[cut + 1 :], stamp)

    def finish(self, stamp: bytes) -> bytes:
        """Return the last, unterminated line as a partial record; empty if there is none."""
        rest, self.held = self.held, b""
        return b"%b%b%b\n" % (stamp, self._partial, rest) if rest else b""

    def _hold(self, line: bytes, stamp: bytes) -> bytes:
        """Keep the beginning of a line, except for what is certain to be partial records."""
        if len(line) <= LINE_LIMIT:
            self.held = line
            return b""
        prefix = stamp + self._partial
        pieces = _pieces(line)
        self.held = pieces.pop()
        return b"".join(b"%b%b\n" % (prefix, piece) for piece in pieces)

    def _cut_lines(self, lines: bytes, full: bytes) -> bytes:
        partial = full[:-2] + b"P "
        records: list[bytes] = []
        for line in lines.split(b"\n"):
            *pieces, last = _pieces(line)
            records.extend(b"%b%b\n" % (partial, piece) for piece in pieces)
            records.append(b"%b%b\n" % (full, last))
        return b"".join(records)


def _all_fit(data: bytes, end: int) -> bool:
    """Is every line of `data[:end]` within the limit? Looks at one newline per 16 KiB."""
    start = 0
    while end - start > LINE_LIMIT:
        start = data.rfind(b"\n", start, start + LINE_LIMIT + 1) + 1
        if start == 0:
            return False
    return True


def _pieces(line: bytes) -> list[bytes]:
    """Cut a line at each 16 KiB; the last piece is empty only if the line is."""
    starts = range(0, len(line), LINE_LIMIT)
    return [line[start : start + LINE_LIMIT] for start in starts] or [b""]


def parse(line: bytes) -> Record | None:
    """Read one line of a log file, without its newline; None if it is not a record."""
    fields = line.split(b" ", 3)
    if len(fields) != 4 or fields[1] not in (b"stdout", b"stderr"):
        return None
    return Record(*fields)


def stamp_of(moment: datetime) -> bytes:
    """A moment in the form of the records' first field, to compare with it."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.").encode() + b"%06d000Z" % moment.microsecond


def input_size(records: bytes) -> int:
    """How many of the container's own bytes stand in these whole records."""
    lines = records.split(b"\n")[:-1]
    partial = sum(line[PREFIX_SIZE - 2] == _PARTIAL for line in lines)
    return len(records) - len(lines) * PREFIX_SIZE - partial


def gap(stamp: bytes, stream: str, *, lines: int, size: int, why: str) -> bytes:
    """The record that stands for lines which could not be kept."""
    noun = "line" if lines == 1 else "lines"
    text = f"[barepod: {lines} {noun} ({size} bytes) of {stream} lost here: {why}]"
    return b"%b %b F %b\n" % (stamp, stream.encode(), text.encode("utf-8", "replace"))
