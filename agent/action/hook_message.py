"""What does a failed lifecycle hook say? (kubelet: lifecycle.handlerRunner.Run)"""

from __future__ import annotations

from agent.action.result import ActionResult
from agent.model.gotext import quote
from agent.model.handler import LifecycleHandler


def hook_message(handler: LifecycleHandler, container: str, pod: str, result: ActionResult) -> str:
    """Return the long message of a hook that failed; `pod` is NAME_NAMESPACE(UID).

    It becomes the container's waiting message after a failed postStart; events have a short one.
    stdout and stderr of a command come as one text, so both places of an exec message show it.
    """
    error, tail = result.output, ""
    if handler.exec is not None:
        command = " ".join(handler.exec.command)
        what = f"Exec lifecycle hook ([{command}])"
        tail = ', message: ""'
        if result.exit_code is not None:
            error = f"command '{command}' exited with {result.exit_code}: {result.output}"
            tail = f", message: {quote(result.output)}"
    elif handler.http_get is not None:
        what = f"HTTP lifecycle hook ({handler.http_get.path})"
    elif handler.tcp_socket is not None:
        what = f"TCP lifecycle hook ({handler.tcp_socket.port})"
    elif handler.sleep is not None:
        what = f"Sleep lifecycle hook ({handler.sleep.seconds})"
    else:
        return f"Cannot run handler: {result.output}"
    place = f"for Container {quote(container)} in Pod {quote(pod)}"
    return f"{what} {place} failed - error: {error}{tail}"
