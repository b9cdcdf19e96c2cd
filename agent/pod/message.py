"""The termination message of a run: a file that the container may write, else its last output.

Kubernetes: kuberuntime_container.go getTerminationMessage. A container that names its
`terminationMessagePath` finds the file there; all of them get its path as BAREPOD_TERMINATION_LOG.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from agent.host import files
from agent.rules import messages

VARIABLE = "BAREPOD_TERMINATION_LOG"


class TerminationMessage(msgspec.Struct, frozen=True):
    """Where the message of one run comes from; `read_log` gives the end of its output."""

    path: str
    policy: str
    read_log: Callable[[], Awaitable[str]]

    async def read(self, exit_code: int, reason: str) -> str:
        """The message, cut as the kubelet cuts it; what cannot be read says why.

        The file is gone afterwards.
        """
        try:
            data = files.take_tail(self.path, messages.MAX_TERMINATION_MESSAGE)
        except FileNotFoundError:
            data = b""
        except OSError as exc:
            self.remove()
            return messages.unreadable(self.path, _reason(exc))
        if messages.falls_back_to_logs(
            self.policy, exit_code=exit_code, reason=reason, is_empty=not data
        ):
            try:
                return await self.read_log()
            except OSError as exc:
                return messages.unreadable_log(_reason(exc))
        return messages.termination_message(data)

    def remove(self) -> None:
        """Nothing ran, so there is no message."""
        files.remove(self.path)


def _reason(exc: OSError) -> str:
    return (exc.strerror or str(exc)).lower()
