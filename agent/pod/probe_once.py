"""Run one probe of a container once, now, whether or not its container runs.

Network probes ask whoever listens. Exec probes get the environment, user and working directory
that their container would have, in a boundary of their own that is killed afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from agent.action import runner
from agent.action.handler import Role
from agent.action.result import ActionResult, Outcome
from agent.action.runner import Engines
from agent.model.container import Container
from agent.model.handler import Probe
from agent.model.pod import Pod
from agent.pod.aside import Aside
from agent.pod.blueprint import Naming
from agent.pod.machine import Machine
from agent.pod.runtime import HostRuntime
from agent.pod.starter import StartError

if TYPE_CHECKING:
    from agent.action.exec import Captures, Run


class Answer(msgspec.Struct, frozen=True):
    """How a probe ended, and after how many seconds."""

    result: ActionResult
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether a kubelet counts it as a success (prober.go: a warning does)."""
        return self.result.outcome in (Outcome.SUCCESS, Outcome.WARNING)


class ProbeOnce:
    """Asks the probes of one machine's pods; `address` is where these are."""

    def __init__(self, machine: Machine, runtime: HostRuntime, address: str) -> None:
        self._machine = machine
        self._runtime = runtime
        self._address = address

    async def ask(self, pod: Pod, container: Container, probe: Probe) -> Answer:
        """Run `probe` to its end or its timeout; nothing of it is left then."""
        if probe.exec is None:
            return await self._run(pod, container, probe, _no_commands)
        try:
            async with Aside(self._machine, self._runtime).commands(pod, container) as captures:
                return await self._run(pod, container, probe, captures)
        except StartError as exc:
            return _impossible(f"{exc.reason}: {exc.message}")
        except OSError as exc:
            return _impossible(exc.strerror or str(exc))

    async def _run(
        self, pod: Pod, container: Container, probe: Probe, captures: Captures
    ) -> Answer:
        machine = self._machine
        engines = Engines(machine=machine.handlers, captures=captures)
        target = Naming(pod, container, "", 0).target(self._address)
        handler = runner.prepare(probe, target, Role.PROBE, engines)
        began = machine.clock.monotonic()
        result = await runner.run(handler, probe.timeout_seconds, machine.scheduler)
        return Answer(result, machine.clock.monotonic() - began)


def _impossible(text: str) -> Answer:
    return Answer(ActionResult(Outcome.ERROR, text), 0.0)


def _no_commands(argv: tuple[str, ...]) -> Run:
    raise AssertionError("only an exec probe runs a command")
