"""How does the output of several containers look on one terminal?

`NAME | line`, names aligned, a colour for each container, whole lines only, so that two containers
never share a line. Writing is done by a thread of its own with a bounded queue: when the terminal
stalls (Ctrl-S) or is slower than the containers, lines are left out there, and a note says how
many; containers never wait for it. A pipe or file is given some time first, since its reader wants
everything.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from agent.host.log_track import Follower
from agent.host.tasks import tell

_QUEUE_LIMIT = 1024 * 1024  # bytes that wait for the terminal
_OWN_LIMIT = 64 * 1024 * 1024  # the same for barepod's own lines, which programs may read
_LINE_LIMIT = 16 * 1024  # bytes of a line that wait for its end
_PATIENCE = 1.0  # seconds without any progress, for a reader who is not a person
_CLOSE_SECONDS = 1.0
_BATCH = 64 * 1024
_COLORS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_RESET = b"\x1b[0m"


class Terminal:
    """Where `barepod run` shows container output, and its own lines, in the order they come."""

    def __init__(
        self,
        fd: int,
        *,
        names: Iterable[str] = (),
        environ: Mapping[str, str] = os.environ,
        on_broken: Callable[[OSError], None] = lambda _: None,
    ) -> None:
        """`fd` stays the caller's; `names` are the containers to align.

        `on_broken` is called once, in the terminal's thread, when the terminal has gone away or
        takes no more.
        """
        is_tty = os.isatty(fd)
        self._colored = is_tty and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        self._width = max((len(_printable(name)) for name in names), default=0)
        self._known: list[str] = []
        self._queue = _Queue(fd, patience=0.0 if is_tty else _PATIENCE, on_broken=on_broken)

    @property
    def is_broken(self) -> bool:
        """Has the terminal gone away (hang-up, closed pipe)? Then everything is dropped."""
        return self._queue.broken

    def follower(self, name: str) -> Follower:
        """What to give to `LogPump.open` so that this container's output is shown here."""
        printable = _printable(name)
        if printable not in self._known:
            self._known.append(printable)
        self._width = max(self._width, len(printable))
        prefix = f"{printable:<{self._width}} | ".encode()
        if self._colored:
            color = _COLORS[self._known.index(printable) % len(_COLORS)]
            prefix = b"\x1b[0;%dm%b%b" % (color, prefix, _RESET)
        return _Lines(prefix, self._queue.put).take

    def writes_to(self, fd: int) -> bool:
        """Does whoever writes to `fd` share this terminal, so that lines may mix?"""
        try:
            return os.path.samestat(os.fstat(fd), os.fstat(self._queue.fd))
        except OSError:
            return False

    def line(self, text: str) -> bool:
        """Show one line of our own, without a prefix; never waits, and is hardly ever left out.

        False: not any more, it is closed or has gone away.
        """
        return self._queue.put_own(text.encode("utf-8", "replace") + b"\n")

    async def close(self) -> None:
        """Wait until all is shown, but not for a terminal that takes nothing for a second."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self._queue.end(lambda: tell(loop, ended.set))
        while not ended.is_set():
            written = self._queue.written
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await ended.wait()
            except TimeoutError:
                if self._queue.written == written:
                    return  # the thread stays behind, in its write
        self._queue.join()


def _printable(name: str) -> str:
    """A name as one may print it: nothing in it can move the cursor."""
    return "".join(char if char.isprintable() else "?" for char in name)


def _note(missed: int) -> bytes:
    noun = "line" if missed == 1 else "lines"
    return f"[barepod: {missed} {noun} not shown: the terminal was too slow]\n".encode()


class _Lines:
    """Collects the streams of one container into whole, prefixed lines."""

    __slots__ = ("_held", "_prefix", "_put")

    def __init__(self, prefix: bytes, put: Callable[[bytes], None]) -> None:
        self._prefix = prefix
        self._put = put
        self._held: dict[str, bytes] = {}

    def take(self, stream: str, data: bytes) -> None:
        """Show what is complete; at the end of the stream, and when it is long, also a half."""
        held = self._held.pop(stream, b"")
        text = held + data
        end = text.rfind(b"\n") + 1
        if not data or len(text) - end > _LINE_LIMIT:
            lines, rest = text, b""
        else:
            lines, rest = text[:end], text[end:]
        if rest:
            self._held[stream] = rest
        if lines:
            body = lines.removesuffix(b"\n").replace(b"\r\n", b"\n").removesuffix(b"\r")
            self._put(b"%b%b\n" % (self._prefix, body.replace(b"\n", b"\n" + self._prefix)))


class _Queue:
    """Lines on their way to a descriptor that may block; `put` is for any thread."""

    def __init__(self, fd: int, *, patience: float, on_broken: Callable[[OSError], None]) -> None:
        self.broken = False
        self.written = 0  # bytes so far
        self.fd = fd
        self._patience = patience
        self._on_broken = on_broken
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._missed = 0
        self._stalled = False  # leaves out everything until the queue is empty again
        self._ended: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, lines: bytes) -> None:
        """Add whole lines, or count them as missed."""
        with self._changed:
            if self.broken or self._ended is not None:
                return
            if self._size >= _QUEUE_LIMIT and not self._stalled:
                self._stalled = not self._changed.wait_for(self._has_room, self._patience)
            if self._stalled or not self._start():
                self._missed += lines.count(b"\n")
                return
            self._lines.append(lines)
            self._size += len(lines)
            self._changed.notify_all()

    def put_own(self, line: bytes) -> bool:
        """Add a line from the loop: it waits for nobody, so it may go far beyond the limit."""
        with self._changed:
            if self.broken or self._ended is not None:
                return False
            if self._size >= _OWN_LIMIT or not self._start():
                self._missed += 1
                return True
            self._lines.append(line)
            self._size += len(line)
            self._changed.notify_all()
            return True

    def end(self, ended: Callable[[], None]) -> None:
        """Take no more; `ended` is called, from any thread, when the rest is written or lost."""
        with self._changed:
            self._ended = ended
            if self._thread is None or self.broken:
                ended()
            self._changed.notify_all()

    def join(self) -> None:
        """Wait for the thread to go, after `ended` was called: it is past all that can block."""
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> bool:
        """Have the thread; without one (the machine is full) lines are missed for now."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="terminal", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
        return True

    def _has_room(self) -> bool:
        return self._size < _QUEUE_LIMIT or self.broken

    def _run(self) -> None:
        try:
            while batch := self._next():
                self._write(batch)
                with self._changed:
                    self._size -= len(batch)
                    self._changed.notify_all()
        except OSError as exc:
            with self._changed:
                self.broken = True
                self._lines.clear()
                self._changed.notify_all()
            self._on_broken(exc)
        with self._changed:
            if self._ended is not None:
                self._ended()

    def _next(self) -> bytes:
        """Wait for lines; empty when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._missed or self._ended is not None)
            batch: list[bytes] = []
            size = 0
            while self._lines and size < _BATCH:
                batch.append(self._lines.popleft())
                size += len(batch[-1])
            if not batch and self._missed:
                batch.append(_note(self._missed))
                self._size += len(batch[0])
                self._missed = 0
                self._stalled = False
            return b"".join(batch)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                count = os.write(self.fd, rest)
            except BlockingIOError:  # someone who shares the terminal made it non-blocking
                select.select([], [self.fd], [])
                continue
            self.written += count
            rest = rest[count:]
