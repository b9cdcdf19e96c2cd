"""Handlers report what Kubernetes' own tests expect of them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from agent.action import runner
from agent.action.exec import Capture, Captured
from agent.action.handler import Role, Target
from agent.action.result import ActionResult, Outcome
from agent.action.runner import Engines, Machine
from agent.action.tcp_socket import TcpSocket
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.model.handler import ExecAction, LifecycleHandler, ProbeHandler, SleepAction
from tests.support import tables
from tests.support.virtual_loop import VirtualLoop

TARGET = Target(address="127.0.0.1", ports=(), name="pod_ns(uid):c")


@tables.rows("handler_results")
def test_a_handler_reports(row: dict[str, Any]) -> None:
    loop = VirtualLoop()
    try:
        result, after = loop.run_until_complete(report(row))
    finally:
        loop.close()

    assert result.outcome is Outcome(row["outcome"])
    if "length" in row:
        assert len(result.output) == row["length"]
    else:
        assert result.output == row["output"]
    assert after == row.get("after", 0)


async def report(row: dict[str, Any]) -> tuple[ActionResult, float]:
    """The result of this row's handler, and the seconds it took."""
    reactor, scheduler = Reactor(), Scheduler()
    machine = Machine(reactor=reactor, scheduler=scheduler, random=lambda: 0.5)
    engines = Engines(machine=machine, captures=scripted(row.get("exec", {})))
    try:
        if "tcp" in row:
            prepared = TcpSocket("127.0.0.1", row["tcp"], reactor, machine.resolver())
            result = await runner.run(prepared, 1.0, scheduler)
        else:
            handler, role = chosen(row)
            bound = runner.prepare(handler, TARGET, role, engines)
            result = await runner.run(bound, row.get("timeout", 1), scheduler)
        return result, scheduler.time()
    finally:
        scheduler.close()
        reactor.close()


def chosen(row: dict[str, Any]) -> tuple[ProbeHandler | LifecycleHandler, Role]:
    """The handler that this row is about."""
    if "exec" in row:
        return ProbeHandler(exec=ExecAction(command=("check", "it"))), Role.PROBE
    if "sleep" in row:
        return LifecycleHandler(sleep=SleepAction(seconds=row["sleep"])), Role.LIFECYCLE
    if row["nothing"] == "probe":
        return ProbeHandler(), Role.PROBE
    return LifecycleHandler(), Role.LIFECYCLE


class Trouble(Exception):
    """A command that could not be started."""

    def __init__(self, text: str, *, transient: bool) -> None:
        super().__init__(text)
        self.transient = transient


def scripted(end: dict[str, Any]) -> Any:
    """Captures whose commands end as the row says, at once."""
    error = None
    if "error" in end:
        error = Trouble(end["error"], transient=end.get("transient", False))
    captured = SimpleNamespace(
        exit_code=end.get("exit_code"),
        output=end["output"].encode() if "output" in end else b"x" * end.get("length", 0),
        timed_out=end.get("timed_out", False),
        error=error,
    )

    def run(timeout: float | None, done: Callable[[Captured], None]) -> Capture:
        done(cast(Captured, captured))
        return cast(Capture, SimpleNamespace(cancel=lambda: None))

    return lambda argv: run
