"""The runner chooses the module of a handler and lets a task wait for one execution."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from agent.action import runner
from agent.action.exec import Capture, Captured, Exec, Run
from agent.action.grpc import Grpc
from agent.action.handler import FINISHED, Done, Handler, Role, Running, Target
from agent.action.http_get import HTTPGet
from agent.action.result import ActionResult, Outcome
from agent.action.runner import Engines, Machine
from agent.action.sleep import Sleep
from agent.action.tcp_socket import TcpSocket
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.model.container import ContainerPort
from agent.model.handler import (
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    LifecycleHandler,
    ProbeHandler,
    SleepAction,
    TCPSocketAction,
)

pytestmark = pytest.mark.asyncio

TARGET = Target(
    address="127.0.0.1",
    ports=(ContainerPort(name="web", container_port=8080),),
    name="web-0_default(1234):web",
)
FINE = ActionResult(Outcome.SUCCESS, "fine")


def no_captures(argv: tuple[str, ...]) -> Run:
    def run(timeout: float | None, done: Callable[[Captured], None]) -> Capture:
        raise AssertionError("nothing is to be run here")

    return run


@pytest_asyncio.fixture
async def engines() -> AsyncIterator[Engines]:
    reactor = Reactor()
    yield Engines(
        machine=Machine(reactor=reactor, scheduler=Scheduler(), random=lambda: 0.5),
        captures=no_captures,
    )
    reactor.close()


class Scripted:
    """A handler that finishes when it is told to."""

    def __init__(self, at_once: ActionResult | None = None) -> None:
        self.at_once = at_once
        self.events: list[str] = []
        self.done: Done = lambda result: None
        self.timeout: float | None = None

    def start(self, timeout: float | None, done: Done) -> Running:
        self.timeout, self.done = timeout, done
        if self.at_once is not None:
            done(self.at_once)
            return FINISHED
        return self

    def expire(self) -> None:
        self.events.append(f"expired at {asyncio.get_running_loop().time():g}")
        self.done(ActionResult(Outcome.FAILURE, "too slow"))

    def cancel(self) -> None:
        self.events.append("cancelled")


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (ProbeHandler(exec=ExecAction(command=("true",))), Exec),
        (ProbeHandler(http_get=HTTPGetAction(path="/", port=80, scheme="HTTP")), HTTPGet),
        (ProbeHandler(tcp_socket=TCPSocketAction(port="web")), TcpSocket),
        (ProbeHandler(grpc=GRPCAction(port=50051)), Grpc),
        (LifecycleHandler(exec=ExecAction(command=("true",))), Exec),
        (LifecycleHandler(tcp_socket=TCPSocketAction(port=80)), TcpSocket),
        (LifecycleHandler(sleep=SleepAction(seconds=1)), Sleep),
    ],
)
async def test_each_handler_has_its_module(
    handler: ProbeHandler | LifecycleHandler, kind: type[Handler], engines: Engines
) -> None:
    assert isinstance(runner.prepare(handler, TARGET, Role.PROBE, engines), kind)


@pytest.mark.parametrize(
    ("handler", "role", "text"),
    [
        (ProbeHandler(), Role.PROBE, "missing probe handler for web-0_default(1234):web"),
        (
            LifecycleHandler(),
            Role.LIFECYCLE,
            "invalid handler: &LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:nil,Sleep:nil,}",
        ),
        (
            ProbeHandler(tcp_socket=TCPSocketAction(port="db")),
            Role.PROBE,
            'strconv.Atoi: parsing "db": invalid syntax',
        ),
        (
            ProbeHandler(tcp_socket=TCPSocketAction(port=66666)),
            Role.PROBE,
            "invalid port number: 66666",
        ),
    ],
)
async def test_what_cannot_work_is_an_error_when_it_is_started(
    handler: ProbeHandler | LifecycleHandler, role: Role, text: str, engines: Engines
) -> None:
    prepared = runner.prepare(handler, TARGET, role, engines)

    assert await runner.run(prepared, 1.0, engines.machine.scheduler) == ActionResult(
        Outcome.ERROR, text
    )


async def test_a_handler_that_answers_at_once_needs_no_deadline() -> None:
    assert await runner.run(Scripted(FINE), 1.0, Scheduler()) == FINE


async def test_a_result_that_comes_in_time_drops_the_deadline() -> None:
    handler, scheduler = Scripted(), Scheduler()
    scheduler.call_later(1, lambda: handler.done(FINE))

    assert await runner.run(handler, 2.0, scheduler) == FINE
    await asyncio.sleep(10)
    assert handler.events == []
    assert handler.timeout == 2.0


async def test_at_the_deadline_the_handler_says_how_it_failed() -> None:
    handler = Scripted()

    result = await runner.run(handler, 2.0, Scheduler())

    assert result == ActionResult(Outcome.FAILURE, "too slow")
    assert handler.events == ["expired at 2"]


async def test_without_a_deadline_it_waits_as_long_as_it_takes() -> None:
    handler, scheduler = Scripted(), Scheduler()
    scheduler.call_later(86_400, lambda: handler.done(FINE))

    assert await runner.run(handler, None, scheduler) == FINE


async def test_a_cancelled_task_cancels_its_execution_and_its_deadline() -> None:
    handler = Scripted()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await runner.run(handler, 2.0, Scheduler())
    await asyncio.sleep(10)

    assert handler.events == ["cancelled"]


async def test_a_result_that_races_with_the_cancel_is_harmless() -> None:
    handler = Scripted()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await runner.run(handler, None, Scheduler())

    handler.done(FINE)

    assert handler.events == ["cancelled"]


async def test_http_handlers_share_one_network(engines: Engines) -> None:
    assert engines.machine.network() is engines.machine.network()
    assert engines.machine.network().resolver is engines.machine.resolver()


async def test_grpc_needs_an_ip_address(engines: Engines) -> None:
    target = Target(address="node.example", ports=())
    prepared = runner.prepare(ProbeHandler(grpc=GRPCAction(port=1)), target, Role.PROBE, engines)

    assert await runner.run(prepared, 1.0, engines.machine.scheduler) == ActionResult(
        Outcome.ERROR, "the pod's address is not an IP address: node.example"
    )
