"""The termination message of a run: a file that the container may write, else its last output.

Kubernetes: kuberuntime_container.go getTerminationMessage. The path that a container would find at
`terminationMessagePath` cannot be mounted here; it gets the file's path as BAREPOD_TERMINATION_LOG.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.rules import messages

VARIABLE = "BAREPOD_TERMINATION_LOG"


@dataclass(frozen=True, slots=True)
class TerminationMessage:
    """Where the message of one run comes from; `read_log` gives the end of its output."""

    path: str
    policy: str
    read_log: Callable[[], Awaitable[str]]

    async def read(self, exit_code: int) -> str:
        """The message, cut as the kubelet cuts it; what cannot be read says why."""
        try:
            text = self._read_file()
        except FileNotFoundError:
            text = ""
        except OSError as exc:
            reason = (exc.strerror or "unknown error").lower()
            return f"Error on reading termination log {self.path}: {reason}"
        if messages.falls_back_to_logs(self.policy, exit_code, text):
            return await self.read_log()
        return text

    def _read_file(self) -> str:
        fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            size = os.fstat(fd).st_size
            limit = messages.MAX_MESSAGE_BYTES
            data = os.pread(fd, limit, max(size - limit, 0))
        finally:
            os.close(fd)
        return data.decode(errors="replace")

    def remove(self) -> None:
        """The message has been read; its file is not needed any more."""
        try:
            os.unlink(self.path)
        except OSError:
            return
