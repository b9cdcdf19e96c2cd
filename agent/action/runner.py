"""Which module carries out a handler, and how does one execution look to a task that waits?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from agent.action.handler import FINISHED, Done, Handler, Role, Running, Target
from agent.action.result import ActionResult, Outcome
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.model.handler import (
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    LifecycleHandler,
    ProbeHandler,
    SleepAction,
    TCPSocketAction,
)

if TYPE_CHECKING:
    from agent.action.exec import Captures
    from agent.action.http.client import Network
    from agent.action.resolve import Resolver
    from agent.action.watches import Schedules, Timer


class Machine:
    """What the handlers of all containers share; `random` returns 0 to 1."""

    __slots__ = ("_network", "_resolver", "random", "reactor", "scheduler")

    def __init__(
        self,
        *,
        reactor: Reactor,
        scheduler: Scheduler,
        random: Callable[[], float],
        resolver: Resolver | None = None,
    ) -> None:
        self.reactor = reactor
        self.scheduler = scheduler
        self.random = random
        self._resolver = resolver
        self._network: Network | None = None

    def resolver(self) -> Resolver:
        """Return the one resolver; the first handler that may need it makes it."""
        if self._resolver is None:
            from agent.action.resolve import Resolver

            self._resolver = Resolver()
        return self._resolver

    def network(self) -> Network:
        """Return what all HTTP exchanges share; the first httpGet handler makes it."""
        if self._network is None:
            from agent.action.http.client import Network

            self._network = Network(
                reactor=self.reactor, scheduler=self.scheduler, resolver=self.resolver()
            )
        return self._network


class Engines(msgspec.Struct, frozen=True, kw_only=True):
    """What the handlers of one container work with."""

    machine: Machine
    captures: Captures  # runs commands in this container


class Impossible:
    """A handler that cannot be carried out, whatever the container does."""

    __slots__ = ("_result",)

    def __init__(self, text: str) -> None:
        self._result = ActionResult(Outcome.ERROR, text)

    def start(self, timeout: float | None, done: Done) -> Running:
        """Say so."""
        done(self._result)
        return FINISHED


def prepare(
    handler: ProbeHandler | LifecycleHandler, target: Target, role: Role, engines: Engines
) -> Handler:
    """Bind a handler to its container; what cannot work says so when it is started.

    The module of a handler is imported by the first that needs it: start-up is short of time.
    """
    machine = engines.machine
    if handler.exec is not None:
        return _exec(handler.exec, engines)
    if handler.http_get is not None:
        return _http_get(handler.http_get, target, role, machine)
    if handler.tcp_socket is not None:
        return _tcp_socket(handler.tcp_socket, target, machine)
    if isinstance(handler, LifecycleHandler):
        if handler.sleep is not None:
            return _sleep(handler.sleep, machine)
        nothing = "&LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:nil,Sleep:nil,}"
        return Impossible(f"invalid handler: {nothing}")
    if handler.grpc is not None:
        return _grpc(handler.grpc, target, machine)
    return Impossible(f"missing probe handler for {target.name}")


def _exec(action: ExecAction, engines: Engines) -> Handler:
    from agent.action.exec import Exec

    return Exec(action.command, engines.captures)


def _http_get(action: HTTPGetAction, target: Target, role: Role, machine: Machine) -> Handler:
    from agent.action.http_get import HTTPGet

    return HTTPGet(action, target, role, network=machine.network())


def _tcp_socket(action: TCPSocketAction, target: Target, machine: Machine) -> Handler:
    from agent.action.ports import PortError, resolve_port
    from agent.action.tcp_socket import TcpSocket

    try:
        port = resolve_port(action.port, target.ports)
    except PortError as exc:
        return Impossible(str(exc))
    return TcpSocket(action.host or target.address, port, machine.reactor, machine.resolver())


def _sleep(action: SleepAction, machine: Machine) -> Handler:
    from agent.action.sleep import Sleep

    return Sleep(action.seconds, machine.scheduler)


def _grpc(action: GRPCAction, target: Target, machine: Machine) -> Handler:
    from agent.action.dial import literal_endpoint
    from agent.action.grpc import Grpc

    endpoint = literal_endpoint(target.address, action.port)
    if endpoint is None:
        return Impossible(f"the pod's address is not an IP address: {target.address}")
    service = action.service or ""
    return Grpc(endpoint, service, machine.reactor, machine.scheduler, machine.random)


async def run(
    handler: Handler,
    timeout: float | None,  # noqa: ASYNC109 - handlers name it in their own texts
    scheduler: Schedules,
) -> ActionResult:
    """Execute once; at `timeout` (seconds) the handler ends with its own words for that.

    Whoever cancels the waiting task cancels the execution.
    """
    future: asyncio.Future[ActionResult] = asyncio.get_running_loop().create_future()

    def done(result: ActionResult) -> None:
        if not future.done():  # a task that was cancelled has already left
            future.set_result(result)

    running = handler.start(timeout, done)
    timer: Timer | None = None
    if timeout is not None and not future.done():
        timer = scheduler.call_later(timeout, running.expire)
    try:
        return await future
    except asyncio.CancelledError:
        running.cancel()
        raise
    finally:
        if timer is not None:
            timer.cancel()
