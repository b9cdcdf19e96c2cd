"""stdin, stdout and stderr of one run: pipes into the log pump, or a terminal of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Self

from agent.host.log_track import Follower
from agent.host.output import LogCapture, LogPump


class Streams:
    """The descriptors of one run.

    `stdin`, `stdout` and `stderr` are the child's ends (None is /dev/null); `input` is where
    others may write to its stdin: open as long as the run, so that it waits for input instead of
    seeing an end. `kept_fds` are for a process that outlives the agent: those of the capture, and
    "stdin", so that the input stays open too; a terminal's "tty" serves for both. Ours until
    `started`, which must come after `adopt` too; the holder gives them back to the next `adopt`.
    """

    def __init__(
        self, *, capture: LogCapture, child_ends: dict[str, int], input_: int | None, is_tty: bool
    ) -> None:
        self.capture = capture
        self.input = input_
        self.is_tty = is_tty
        self._ends = child_ends

    @classmethod
    def open(
        cls,
        pump: LogPump,
        directory: str,
        attempt: int,
        *,
        stdin: bool,
        tty: bool,
        owner: int | None = None,
        max_size: int,
        max_files: int,
        follower: Follower | None,
        lasting: str | None = None,
    ) -> Self:
        """Open what a container asks for; OSError leaves nothing open.

        A terminal will belong to the user `owner`. `lasting`: see `LogPump.open`.
        """
        if attempt > 1:
            pump.discard(directory, before=attempt - 1)
        opened: list[int] = []
        try:
            ends: dict[str, int] = {}
            input_: int | None = None
            master: int | None = None
            if tty:
                master, slave = os.openpty()
                opened += [master, slave]
                if owner is not None:
                    os.fchown(slave, owner, -1)
                # All three, as runc does; nobody types unless stdin is wanted.
                ends = {"stdin": slave, "stdout": slave, "stderr": slave}
                if stdin:
                    input_ = os.dup(master)
                    opened.append(input_)
            elif stdin:
                ends["stdin"], input_ = os.pipe()
                opened += [ends["stdin"], input_]
            capture = pump.open(
                directory,
                attempt,
                max_size=max_size,
                max_files=max_files,
                follower=follower,
                tty_master=master,
                lasting=lasting,
                owner=owner,
            )
        except OSError:
            for fd in opened:
                os.close(fd)
            raise
        return cls(capture=capture, child_ends=ends, input_=input_, is_tty=tty)

    @classmethod
    def adopt(
        cls,
        pump: LogPump,
        lasting: str,
        directory: str,
        attempt: int,
        *,
        stdin: bool,
        tty: bool,
        fds: Mapping[str, int],
        max_size: int,
        max_files: int,
        follower: Follower | None,
    ) -> Self:
        """Go on with a run that an earlier agent started; OSError leaves nothing open.

        `fds` are what was kept meanwhile, and stay the caller's. What is missing there is done
        without: no "tty", and the output ends at once; no "stdin", and there is no `input`.
        """
        opened: list[int] = []
        try:
            for name, is_wanted in (("tty", tty), ("tty" if tty else "stdin", stdin)):
                if is_wanted and name in fds:
                    opened.append(os.dup(fds[name]))
            capture = pump.adopt(
                lasting,
                directory,
                attempt,
                max_size=max_size,
                max_files=max_files,
                follower=follower,
                tty_master=opened[0] if tty and opened else None,
            )
        except OSError:
            for fd in opened:
                os.close(fd)
            raise
        input_ = opened[-1] if stdin and opened else None
        return cls(capture=capture, child_ends={}, input_=input_, is_tty=tty)

    @property
    def kept_fds(self) -> Mapping[str, int]:
        """What another process should hold; empty when the output is not to last."""
        kept = self.capture.kept_fds
        if not kept or self.input is None or self.is_tty:
            return kept
        return {**kept, "stdin": self.input}

    @property
    def stdin(self) -> int | None:
        return self._ends.get("stdin")

    @property
    def stdout(self) -> int:
        return self._ends.get("stdout", self.capture.stdout_fd)

    @property
    def stderr(self) -> int:
        return self._ends.get("stderr", self.capture.stderr_fd)

    def started(self) -> None:
        """The child has its ends, or never will: close ours."""
        for fd in set(self._ends.values()):
            os.close(fd)
        self._ends = {}
        self.capture.started()

    def close(self) -> None:
        """The run is over; output that is still on its way is written all the same."""
        if self.input is not None:
            os.close(self.input)
            self.input = None
