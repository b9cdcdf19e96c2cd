"""The engines of this machine that pods run on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from agent.action.runner import Machine as HandlerMachine
from agent.host.clock import Clock
from agent.host.containment import Containment
from agent.host.output import LogPump
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.host.spawner import Spawner
from agent.host.turns import Turns


async def at_once() -> bool:
    """Where nothing outlives the process, nothing is waited for."""
    return True


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One of each; made and closed by `agent.daemon.node`.

    `turns` are those of looking after a process that has ended.
    `is_lasting`: what is started here may outlive the agent, and another one takes it over.
    `durable` waits until everything that is known is on disk, or cannot be for the moment.
    """

    reactor: Reactor
    scheduler: Scheduler
    clock: Clock
    spawner: Spawner
    containment: Containment
    pump: LogPump
    handlers: HandlerMachine
    turns: Turns = msgspec.field(default_factory=Turns)
    is_lasting: bool = False
    durable: Callable[[], Awaitable[bool]] = at_once
