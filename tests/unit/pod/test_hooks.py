"""postStart and preStop: run once, say what went wrong."""

from __future__ import annotations

import pytest

from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction, LifecycleHandler, TCPSocketAction
from agent.pod.hooks import HookRunner
from tests.support.builders import hook, pod
from tests.support.node import FakeInstance, Node, Script

pytestmark = pytest.mark.asyncio


async def failure_of(handler: LifecycleHandler, script: Script) -> tuple[str | None, Node]:
    """What a hook of container `c` of `pod()` fails with."""
    node = Node(pod(), scripts={"c warm": script, "c hook": script})
    instance = FakeInstance(node, "c", "c-0", None, 0)
    hooks = HookRunner(
        pod=pod(), recorder=node.recorder, scheduler=node.scheduler, metrics=node.metrics
    )
    return await hooks.run("c", handler, instance), node


@pytest.mark.parametrize("outcome", [Outcome.SUCCESS, Outcome.WARNING])
async def test_a_hook_that_works_says_nothing(outcome: Outcome) -> None:
    failure, node = await failure_of(hook("warm"), Script(lambda _: ActionResult(outcome)))

    assert failure is None
    assert node.events() == []


@pytest.mark.parametrize("outcome", [Outcome.FAILURE, Outcome.ERROR])
async def test_a_hook_that_fails_says_which_and_why(outcome: Outcome) -> None:
    result = ActionResult(outcome, "cold", 3)

    failure, _ = await failure_of(hook("warm"), Script(lambda _: result))

    assert failure == (
        'Exec lifecycle hook ([warm]) for Container "c" in Pod "p_default(u)" failed - error: '
        "command 'warm' exited with 3: cold, message: \"cold\""
    )


async def test_a_hook_has_no_time_limit() -> None:
    failure, node = await failure_of(hook("warm"), Script(takes=3600.0))

    assert failure is None
    assert node.scheduler.time() == 3600


async def test_a_tcp_hook_fails_after_a_second() -> None:
    failure, node = await failure_of(
        LifecycleHandler(tcp_socket=TCPSocketAction(port=80)), Script(takes=None)
    )

    assert failure is not None
    assert failure.startswith("TCP lifecycle hook (80)")
    assert node.scheduler.time() == 1


async def test_a_hook_that_had_to_use_plain_http_is_told() -> None:
    result = ActionResult(Outcome.SUCCESS, fallback="localhost:80")

    failure, node = await failure_of(
        LifecycleHandler(http_get=HTTPGetAction(port=80)), Script(lambda _: result)
    )

    assert failure is None
    assert node.events("LifecycleHTTPFallback") == [
        "request to HTTPS lifecycle hook localhost:80 got HTTP response, retry with HTTP succeeded"
    ]
