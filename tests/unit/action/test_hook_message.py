"""A failed hook is described as a kubelet describes it."""

from __future__ import annotations

from agent.action.hook_message import hook_message
from agent.action.result import ActionResult, Outcome
from agent.model.handler import (
    ExecAction,
    HTTPGetAction,
    LifecycleHandler,
    SleepAction,
    TCPSocketAction,
)

POD = "web-0_default(1234)"


def described(handler: LifecycleHandler, output: str, exit_code: int | None = None) -> str:
    return hook_message(handler, "web", POD, ActionResult(Outcome.FAILURE, output, exit_code))


def test_a_command_shows_its_exit_code_and_its_output() -> None:
    hook = LifecycleHandler(exec=ExecAction(command=("sh", "-c", "x")))

    assert described(hook, 'no "x"\n', 3) == (
        'Exec lifecycle hook ([sh -c x]) for Container "web" in Pod "web-0_default(1234)" failed'
        " - error: command 'sh -c x' exited with 3: no \"x\"\n"
        ', message: "no \\"x\\"\\n"'
    )


def test_a_command_that_could_not_start_shows_why() -> None:
    hook = LifecycleHandler(exec=ExecAction(command=("nope",)))

    assert described(hook, 'exec: "nope": executable file not found in $PATH') == (
        'Exec lifecycle hook ([nope]) for Container "web" in Pod "web-0_default(1234)" failed'
        ' - error: exec: "nope": executable file not found in $PATH, message: ""'
    )


def test_the_other_handlers_show_what_they_did() -> None:
    tail = 'for Container "web" in Pod "web-0_default(1234)" failed - error: why'

    http = LifecycleHandler(http_get=HTTPGetAction(path="/stop", port=80))
    assert described(http, "why") == f"HTTP lifecycle hook (/stop) {tail}"
    tcp = LifecycleHandler(tcp_socket=TCPSocketAction(port="db"))
    assert described(tcp, "why") == f"TCP lifecycle hook (db) {tail}"
    sleep = LifecycleHandler(sleep=SleepAction(seconds=5))
    assert described(sleep, "why") == f"Sleep lifecycle hook (5) {tail}"


def test_a_hook_without_a_handler_cannot_run() -> None:
    assert described(LifecycleHandler(), "invalid handler: &LifecycleHandler{}") == (
        "Cannot run handler: invalid handler: &LifecycleHandler{}"
    )
