"""Which files hold the output of a container, and when does the next one begin?

`DIRECTORY/N.log` is attempt N. As with the kubelet (`pkg/kubelet/logs/container_log_manager.go`) a
file that is full becomes `N.log.YYYYMMDD-HHMMSS`, and the oldest go when there are more than
`max_files` altogether. Three differences: files end between two records and never grow beyond
`max_size` (unless a single record does); a second rotation within one second appends `-1`, `-2`;
and rotated files are not compressed, which would hold up the one thread that serves everybody.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import NamedTuple

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_DIRECTORY_MODE = 0o755
_FILE_MODE = 0o640
_NEWLINE = 10


class Mark(NamedTuple):
    """How far one particular file had been written: up to `size` bytes."""

    device: int
    inode: int
    size: int


class LogFile:
    """The current file of one attempt; every method may block on the disk and raise `OSError`.

    `mark` says how much of which file is good: what the file at our path has beyond that is cut
    off when it is opened for the first time. `on_open` is called whenever a file was opened, before
    anything is written to it.
    """

    __slots__ = (
        "_bound",
        "_fd",
        "_mark",
        "_max_files",
        "_max_size",
        "_size",
        "_torn",
        "_wall",
        "identity",
        "on_open",
        "path",
        "rotation_problem",
        "trusted_until",
    )

    def __init__(
        self,
        path: str,
        *,
        max_size: int,
        max_files: int,
        mark: Mark | None = None,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self.path = path
        self.on_open: Callable[[], None] | None = None
        self.rotation_problem: OSError | None = None
        self.trusted_until = 0.0  # when to look again whether the file stands at our path
        self._mark = mark
        self._max_size = max_size
        self._max_files = max_files
        self._wall = wall
        self._fd = -1
        self.identity = (0, 0)  # device and inode of the file that was written to last
        self._size = 0
        self._bound = max_size
        self._torn = 0  # bytes at the end that are not a whole record yet

    @property
    def good_size(self) -> int:
        """How large is the file that was written to last, up to the last whole record?"""
        return self._size - self._torn

    @property
    def is_open(self) -> bool:
        """Is there a file to write to?"""
        return self._fd >= 0

    def open(self) -> None:
        """Create what is missing and append to what is there; a torn last record is ended.

        What stands beyond the mark is cut off first.
        """
        make_directory(os.path.dirname(self.path))
        fd = os.open(self.path, _FLAGS, _FILE_MODE)
        try:
            found = os.fstat(fd)
            size = rightful_size(self._mark, Mark(found.st_dev, found.st_ino, found.st_size))
            if size < found.st_size:
                os.ftruncate(fd, size)
            if size and os.pread(fd, 1, size - 1) != b"\n":
                size += os.write(fd, b"\n")
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        self.identity = (found.st_dev, found.st_ino)
        self._size = size
        self._bound = self._max_size
        self._torn = 0
        self._mark = None
        if self.on_open is not None:
            self.on_open()

    def append(self, records: bytes, now: float) -> int:
        """Write records if that is all there is to do; return how many bytes are written.

        Nothing is, when the file is not to be trusted `now`, is full, or could not be written to:
        `write` will tell.
        """
        size = self._size + len(records)
        if now >= self.trusted_until or size > self._bound:
            return 0
        try:
            written = os.write(self._fd, records)
        except OSError:
            return 0
        if written < len(records):
            self._wrote(records, written, written)
        else:
            self._size = size
        return written

    def write(self, data: bytes, start: int) -> int:
        """Write records from `start` on, as far as one file goes; return where to go on.

        After a short write (a disk just full) the file ends within a record; its rest comes next.
        """
        end = self._end(data, start)
        whole = start == 0 and end == len(data)
        written = os.write(self._fd, data if whole else memoryview(data)[start:end])
        start += written
        self._wrote(data, start, written)
        return start

    def has_moved(self) -> bool:
        """Is the file we write to no longer what stands at our path?"""
        try:
            found = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return True
        return (found.st_dev, found.st_ino) != self.identity

    def close(self) -> None:
        """Let go of the file; `open` may follow."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _wrote(self, data: bytes, end: int, size: int) -> None:
        self._size += size
        self._torn = 0 if data[end - 1] == _NEWLINE else end - data.rfind(b"\n", 0, end) - 1

    def _end(self, data: bytes, start: int) -> int:
        """How far may we write into this file, or, if nothing fits, into a new one?"""
        room = self._bound - self._size
        if len(data) - start <= room:
            return len(data)
        if self._torn:
            return data.index(b"\n", start) + 1
        end = data.rfind(b"\n", start, start + room) + 1 if room > 0 else 0
        if end:
            return end
        if self._size:
            self._rotate()
            return self._end(data, start)
        return data.index(b"\n", start) + 1

    def _rotate(self) -> None:
        try:
            rotated = rotated_files(self.path)
            os.rename(self.path, self._rotated_name(rotated))
            rotated = rotated_files(self.path)
            for name in rotated[: max(len(rotated) - self._max_files + 1, 0)]:
                os.unlink(name)
        except FileNotFoundError:
            self.rotation_problem = None  # someone removed or moved it: begin anew
        except OSError as exc:
            self.rotation_problem = exc
            if not self.has_moved():
                self._bound = self._size + self._max_size  # rather too large than lost
                return
        else:
            self.rotation_problem = None
        self.close()
        self.open()

    def _rotated_name(self, rotated: list[str]) -> str:
        """A name that sorts after all others, even when the clock was set back."""
        seconds = time.gmtime(self._wall() // 1_000_000_000)
        newest = _order(self.path, rotated[-1]) if rotated else ("", 0)
        stamp = max(time.strftime("%Y%m%d-%H%M%S", seconds), newest[0])
        again = f"-{newest[1] + 1}" if stamp == newest[0] else ""
        return f"{self.path}.{stamp}{again}"


def rightful_size(mark: Mark | None, found: Mark) -> int:
    """How much of the file that was found may stay? What follows the mark was never accounted for.

    Nothing is written to a file before it has a mark, so one with another identity is left alone.
    """
    if mark is not None and (mark.device, mark.inode) == (found.device, found.inode):
        return min(mark.size, found.size)
    return found.size


def log_path(directory: str | os.PathLike[str], attempt: int) -> str:
    """The file that the given attempt (0 is the first) writes to."""
    return os.path.join(os.fspath(directory), f"{attempt}.log")


def log_directory(
    root: str | os.PathLike[str], *, namespace: str, pod: str, uid: str, container: str
) -> str:
    """`ROOT/NAMESPACE_POD_UID/CONTAINER` (kubelet: `BuildContainerLogsDirectory`)."""
    return os.path.join(os.fspath(root), f"{namespace}_{pod}_{uid}", container)


def rotated_files(path: str) -> list[str]:
    """The full paths of what was rotated away from `path`, oldest first."""
    directory, name = os.path.split(path)
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    found = [os.path.join(directory, entry) for entry in names if entry.startswith(f"{name}.")]
    ordered = sorted((_order(path, entry), entry) for entry in found)
    return [entry for (stamp, _), entry in ordered if stamp]


def latest_attempt(directory: str | os.PathLike[str]) -> int | None:
    """The highest N of `N.log`, if any (kubelet: `calcRestartCountByLogDir`)."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return None
    return max((n for n in map(_attempt, names) if n is not None), default=None)


def remove_logs(directory: str | os.PathLike[str], *, before: int | None = None) -> None:
    """Remove the files of all attempts older than `before`, or the directory with everything.

    The kubelet keeps one dead attempt: with attempt N running, `before=N - 1`.
    """
    if before is None:
        import shutil  # brings compression along: not at start-up

        shutil.rmtree(directory, ignore_errors=True)
        return
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            attempt = _attempt(name)
            if attempt is not None and attempt < before:
                os.unlink(os.path.join(os.fspath(directory), name))


def make_directory(path: str) -> None:
    """Make it and its parents; `os.makedirs` would leave the parents' mode to the umask."""
    try:
        os.mkdir(path, _DIRECTORY_MODE)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    except FileNotFoundError:
        make_directory(os.path.dirname(path))
        make_directory(path)


def _attempt(name: str) -> int | None:
    """The attempt that a file in a container's directory belongs to."""
    number, _, rest = name.partition(".")
    is_ours = rest == "log" or rest.startswith("log.")
    return int(number) if is_ours and number.isdecimal() else None


def _order(path: str, rotated: str) -> tuple[str, int]:
    """When was this file rotated? `("", 0)` for a stranger's file (`0.log.gz`, `0.log.bak`)."""
    day, _, rest = rotated[len(path) + 1 :].partition("-")
    second, _, again = rest.partition("-")
    if len(day) == 8 and len(second) == 6 and f"{day}{second}{again}".isdecimal():
        return f"{day}-{second}", int(again or 0)
    return "", 0
