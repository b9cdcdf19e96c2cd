"""How did an exec or attach end? What its client is told last (apimachinery: remotecommand).

Kubernetes: pkg/kubelet/cri/streaming/remotecommand/exec.go, attach.go.
"""

from __future__ import annotations

from typing import Final

from agent.api.streaming.refusal import status
from agent.host.process import ExitStatus, SpawnError

SUCCESS: Final = status("Success")


def of_exit(ended: ExitStatus) -> bytes:
    """The command ended; a signal's death counts as 128 + n, as in a shell."""
    if ended.code == 0:
        return SUCCESS
    return status(
        "Failure",
        reason="NonZeroExitCode",
        message=f"command terminated with non-zero exit code: exit status {ended.code}",
        details={"causes": [{"reason": "ExitCode", "message": str(ended.code)}]},
    )


def not_started(exc: SpawnError | OSError) -> bytes:
    """The command could not be started."""
    reason = exc.message if isinstance(exc, SpawnError) else (exc.strerror or str(exc)).lower()
    return internal(
        f"error executing command in container: unable to start container process: {reason}"
    )


def internal(message: str) -> bytes:
    """Something went wrong on this side."""
    return status(
        "Failure",
        message=f"Internal error occurred: {message}",
        reason="InternalError",
        details={"causes": [{"message": message}]},
        code=500,
    )
