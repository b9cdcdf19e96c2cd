"""The directory through which a container's output outlives the agent.

    stdout  stderr                FIFOs; the container holds both their ends, so it never gets EPIPE
    stdout.spool  stderr.spool    what was taken from them and may not be in the log yet (spool.py)
    ledger                        how much of each spool is in how much of which log file

Each byte is in the FIFO, then in the spool, then in the log, whenever the agent dies. The log is
written before the ledger, and the ledger names the log's size: whoever comes next cuts off what
the ledger does not know and takes those bytes from the spool again. A record of the ledger is there
or not, never half of it (ledger.py). None of this survives a crash of the machine, after which
there is no container either.
"""

from __future__ import annotations

import contextlib
import os
from typing import Self

from agent.host import log_files
from agent.host.ledger import Ledger
from agent.host.spool import Spool

STREAMS = ("stdout", "stderr")
_LEDGER = "ledger"
_PRIVATE = 0o600
_PRIVATE_DIRECTORY = 0o700
_SAFE = os.O_CLOEXEC | os.O_NOFOLLOW
_OURS = os.O_RDWR | os.O_NOATIME | _SAFE  # a time for each read would be worth a tenth of it


class Lasting:
    """The open directory of one attempt of one container; made by `make` or `find`."""

    def __init__(self, path: str, ledger: Ledger, spools: dict[str, Spool]) -> None:
        self.path = path
        self.mark = ledger.entry.mark  # what an earlier agent left
        self.spools = spools
        self.ledger = ledger

    @classmethod
    def make(cls, path: str, *, owner: int | None) -> Self:
        """Make it anew (OSError); its FIFOs belong to the user `owner`, who may reopen them."""
        _make_empty(path)
        try:
            lasting = cls._open(path, os.O_CREAT)
            try:
                lasting.ledger.write((0, 0), 0, 0, 0)
                for stream in STREAMS:  # last: where there is a FIFO, there is all the rest
                    fifo = os.path.join(path, stream)
                    os.mkfifo(fifo, _PRIVATE)
                    if owner is not None and owner != os.geteuid():
                        os.chown(fifo, owner, -1, follow_symlinks=False)
            except OSError:
                lasting.close()
                raise
        except OSError:
            remove(path)
            raise
        return lasting

    @classmethod
    def find(cls, path: str) -> Self | None:
        """Open what an earlier agent left; None when there is nothing to go on with."""
        try:
            return cls._open(path, 0)
        except FileNotFoundError:
            return None

    @classmethod
    def _open(cls, path: str, flags: int) -> Self:
        opened: list[int] = []
        try:
            for name in (_LEDGER, *(f"{stream}.spool" for stream in STREAMS)):
                opened.append(os.open(os.path.join(path, name), _OURS | flags, _PRIVATE))
            ledger = Ledger(opened[0])
            spools = {"stdout": Spool(opened[1], ledger.entry.stdout)}
            spools["stderr"] = Spool(opened[2], ledger.entry.stderr)
        except OSError:
            for fd in opened:
                os.close(fd)
            raise
        return cls(path, ledger, spools)

    def read_end(self, stream: str) -> int:
        """Our end of a FIFO, never blocking; at its end if it is gone. The caller closes it."""
        try:
            return os.open(os.path.join(self.path, stream), os.O_NONBLOCK | os.O_RDONLY | _SAFE)
        except FileNotFoundError:
            read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            os.close(write)
            return read

    def write_end(self, stream: str) -> int:
        """The container's end of a FIFO, which is a reading end too: so the pipe never breaks."""
        return os.open(os.path.join(self.path, stream), os.O_RDWR | _SAFE)

    def close(self) -> None:
        """Let go of the files and leave them where they are."""
        self.ledger.close()
        for spool in self.spools.values():
            spool.close()


def _make_empty(path: str) -> None:
    try:
        os.mkdir(path, _PRIVATE_DIRECTORY)
    except FileExistsError:
        remove(path)
        os.mkdir(path, _PRIVATE_DIRECTORY)
    except FileNotFoundError:
        log_files.make_directory(os.path.dirname(path))
        os.mkdir(path, _PRIVATE_DIRECTORY)


def remove(path: str) -> None:
    """Remove such a directory (OSError); the ledger last, so that nothing is ever taken twice."""
    for name in (*STREAMS, *(f"{stream}.spool" for stream in STREAMS), _LEDGER):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(path, name))
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(path)
