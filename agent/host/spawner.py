"""Start processes without ever stalling the loop: everything goes through the helper process.

    containment = choose_containment(reactor, scheduler, clock)
    spawner = Spawner(reactor, scheduler, clock, containment)
    await spawner.start()
    child = await spawner.spawn(command, boundary, stdout=out, stderr=err)
    running = spawner.capture(command, boundary, timeout=1.0, done=callback)

A helper that dies or does not answer is replaced; main processes do not notice.

What `keep` is told outlives this process: the helper becomes its keeper. The next one says
`keeper.take_over`, `adopt`, `keep`, `check_kept`, and then acknowledges.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from agent.host import prepared, requests, wire
from agent.host.census import Census, Sweep
from agent.host.clock import Clock
from agent.host.containment import Boundary, Containment
from agent.host.failure import spawn_error
from agent.host.helper_link import HelperLink
from agent.host.kept import Kept
from agent.host.launch import Launched, launch
from agent.host.outstanding import Outstanding
from agent.host.process import Captured as Captured
from agent.host.process import Child, Command
from agent.host.reactor import Reactor
from agent.host.requests import Birth, Running
from agent.host.scheduler import Scheduler, Timer

if TYPE_CHECKING:
    from agent.host.wire import Message

_PING_EVERY = 1.0
_CLOSE_SECONDS = 12.0


class Spawner:
    """Owns the helper process. To be used from the loop's thread only."""

    def __init__(
        self,
        reactor: Reactor,
        scheduler: Scheduler,
        clock: Clock,
        containment: Containment,
        *,
        die_with_agent: bool = True,
        launched: Launched | None = None,
        keeper: str | None = None,
    ) -> None:
        """`die_with_agent`: if the agent is killed, everything it started is killed as well.

        `launched` is a helper started before (launch.py). `keeper` is where a later agent finds
        what is kept, if nothing dies with this one: a path in a private directory, to which each
        helper adds its pid.
        """
        self._reactor = reactor
        self._scheduler = scheduler
        self._clock = clock
        self._containment = containment
        self._reaper = containment.reaper
        self._die = die_with_agent
        self._launched = launched
        self._kept = Kept(clock, keeper)
        self._link: HelperLink | None = None
        self._outstanding = Outstanding(containment.reaper)
        self._ping: Timer | None = None
        self._unanswered = False
        self._heard_at = 0.0
        self._closed = False

    @property
    def helper_pid(self) -> int | None:
        """The helper that serves now; None while there is none."""
        return None if self._link is None else self._link.process.pid

    async def start(self) -> None:
        """Start the helper, or take over the launched one (OSError)."""
        self._linked()

    async def close(self) -> None:
        """End the helper; whatever is still running is killed if it is to die with the agent."""
        for running in self._outstanding.commands():
            self._tell((wire.CANCEL, running.id))
        self._kept.farewell()
        if (link := self._leave()) is not None:
            await link.finish(self._clock, _CLOSE_SECONDS)

    async def detach(self) -> str:
        """Leave everything that runs to the keeper; returns why it may not be complete, or "".

        Commands in flight are killed without an answer; nothing can be started any more.
        """
        problem = await self.check_kept()
        for running in self._outstanding.commands():
            self._outstanding.forget(running.id)
        if (link := self._leave()) is not None:
            link.hang_up()
        return problem

    def _leave(self) -> HelperLink | None:
        """Nobody answers any more; the helper that was there."""
        self._closed = True
        if self._ping is not None:
            self._ping.cancel()
        link, self._link = self._link, None
        self._fail_all()
        self._kept.close()
        return link

    def keep(self, name: str, fds: Mapping[str, int]) -> None:
        """Let these descriptors, instead of what the name stood for, outlive this process.

        The name is a container's id. The descriptors stay the caller's. One of them should be the
        `pidfd` of the container's main process: one whose pidfd has never been kept dies with the
        agent, since no record can name it. Does nothing without a keeper. OSError: no free
        descriptors.
        """
        self._kept.keep(name, fds)

    def drop(self, name: str) -> None:
        """Keep nothing under this name any more."""
        self._kept.drop(name)

    def release(self, name: str, key: str) -> None:
        """Keep one of the name's descriptors no more, and the others still."""
        self._kept.release(name, key)

    async def check_kept(self) -> str:
        """Wait until the helper has taken all that it is to keep; returns why not, or ""."""
        with contextlib.suppress(OSError):
            self._linked()
        return await self._kept.check()

    def adopt(
        self, pid: int, start_ticks: int, boundary: Boundary, pidfd: int | None = None
    ) -> Child:
        """Take over a main process of an earlier agent, or of this one before it replaced itself.

        See `adopt_process`; `pidfd`, if kept, is ours from now on. To be called for all of them
        before the loop turns: until then the reaper takes them for orphans.
        """
        from agent.host.adopted import adopt_main  # a foreground run never does

        return adopt_main(self._reactor, self._reaper, boundary, pid, start_ticks, pidfd)

    async def spawn(
        self,
        command: Command,
        boundary: Boundary,
        *,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        controlling_tty: bool = False,
        meanwhile: Callable[[], None] | None = None,
        again: bool = False,
        mark: int | None = None,
        inside: Child | None = None,
    ) -> Child:
        """Start a supervised process inside the fence; returns once its program is executed.

        `meanwhile` is called in any case, as soon as the helper has something to do.
        `again`: its program has been executed before, so that the helper may stand still for the
        while of its execve; one that hangs would have to be found out (see `capture`).
        The descriptors stay the caller's; None is /dev/null. The process is a child of the agent
        and leads its own session. Raises `SpawnError`; when cancelled, the process is killed.
        With a `mark`, taken before, it never outlives the agent. `inside`: see `capture`.
        """
        birth = Birth(command, boundary, boundary.new_mark() if mark is None else mark)
        mounts = requests.pidfd_of(inside, command)
        fds, present = requests.given(stdin, stdout, stderr, boundary.cgroup_fd, mounts)
        die = self._die or mark is not None
        spec = requests.fields(command, birth.mark, die=die, tty=controlling_tty)
        id_ = self._outstanding.next_id()
        try:
            careful = not again or self._outstanding.is_suspect(command.argv[0])
            self.send(command, (wire.SPAWN, id_, spec, present, None, careful), fds)
            self._outstanding.expect(id_, birth)
        finally:
            if meanwhile is not None:
                meanwhile()
        try:
            return await asyncio.shield(birth.result)
        except asyncio.CancelledError:
            birth.result.add_done_callback(requests.kill_unwanted)
            self._tell((wire.CANCEL, id_))
            raise

    def capture(
        self,
        command: Command,
        boundary: Boundary,
        timeout: float | None,
        done: Callable[[Captured], None],
        inside: Child | None = None,
    ) -> Running:
        """Run a command inside the fence, collect its output, then call `done` once, later.

        It is over when it exited and nobody holds its output any more. After `timeout` seconds
        everything it started is killed. Never raises for what can go wrong with a command.
        `inside` is the main process whose mounts the command is to see.
        """
        return self.prepare(command, boundary, inside).run(timeout, done)

    def prepare(
        self, command: Command, boundary: Boundary, inside: Child | None = None
    ) -> prepared.Prepared:
        """Make ready to `capture` it many times, at little cost each."""
        return prepared.Prepared(
            self, self._outstanding, self._scheduler, command, boundary, inside
        )

    def cancel(self, running: Running) -> None:
        """See `Running.cancel`."""
        if self._outstanding.forget(running.id) is not None:
            self._tell((wire.CANCEL, running.id))

    def send(self, command: Command, message: Message, fds: tuple[int, ...]) -> None:
        """Send a request, to a new helper if the last one could not be replaced at once."""
        try:
            (self._link or self._linked()).send(message, fds)
        except OSError as exc:
            reason = ("helper", exc.errno or errno.EAGAIN, "")
            raise spawn_error(command.argv[0], command.cwd, reason) from exc
        if self._ping is None:
            self._ping = self._scheduler.call_later(_PING_EVERY, self._check_helper)

    def _tell(self, message: Message) -> None:
        """Send what does not matter to a helper that is gone."""
        if self._link is not None:
            try:
                self._link.send(message)
            except OSError:
                self._link.lose()

    def _linked(self) -> HelperLink:
        """The helper that serves now, or a new one (OSError)."""
        if self._link is None:
            if self._closed:
                raise OSError(errno.ESHUTDOWN, "the spawner is closed")
            launched, self._launched = self._launched or launch(self._guarded()), None
            self._link = self._connect(launched)
        return self._link

    def _connect(self, launched: Launched) -> HelperLink:
        try:
            link = HelperLink(self._reactor, launched, self._received, self._lost)
        except OSError:
            launched.sock.close()  # it goes away by itself
            raise
        self._reaper.watched(launched.pid)
        self._containment.house(launched.pid)
        link.process.on_exit(lambda _status: self._gone(launched.pid))
        self._unanswered = False
        link.send((wire.GUARD, 0, self._guarded(), self._kept.path))
        self._kept.connected(link)
        return link

    def _gone(self, helper: int) -> None:
        self._reaper.forget(helper)
        self._kept.ended(helper)

    def _guarded(self) -> tuple[int, str] | None:
        """What is killed when the agent is gone: its mark, and the directory of its cgroups."""
        return (self._reaper.agent_mark, self._containment.cgroup_path) if self._die else None

    def _received(self, message: Message, fds: list[int]) -> None:
        self._unanswered = False
        self._heard_at = self._scheduler.time()
        kind, id_ = message[:2]
        if kind == wire.CAPTURED:
            running = self._outstanding.forget(id_)
            if running is not None:
                running.done(requests.captured(running.command, message))
        elif kind in (wire.SPAWNED, wire.FAILED):
            self._born(id_, message[2], message[3], fds)
        elif kind == wire.CHECKED:
            self._kept.checked(id_, message[2], message[3])

    def _born(
        self, id_: int, pid: int, reason: tuple[str, int, str] | None, fds: list[int]
    ) -> None:
        birth = self._outstanding.born(id_)
        if reason is None:
            try:
                birth.result.set_result(self._adopt(id_, birth, pid, fds))
            except OSError as exc:
                os.kill(pid, signal.SIGKILL)  # our unreaped child: the pid is its own
                reason = ("descriptors", exc.errno or 0, "")
        if reason is not None:  # the reaper collects what became of it
            wire.close_all(fds)
            command = birth.command
            birth.result.set_exception(spawn_error(command.argv[0], command.cwd, reason))
        self._outstanding.settled(birth)

    def _adopt(self, id_: int, birth: Birth, pid: int, fds: list[int]) -> Child:
        if not fds:  # we had no free descriptor to receive it
            fds.append(os.pidfd_open(pid))
        child = Child(self._reactor, pid, fds[0], oom_killed=birth.boundary.oom_killed)
        birth.boundary.joined(pid)
        self._reaper.watched(pid, birth.mark)
        self._kept.born(child.pidfd, id_)
        child.on_exit(lambda _status: self._reaper.forget(pid))
        child.on_exit(lambda _status: self._kept.known(child.pidfd))
        return child

    def overdue(self, running: Running) -> None:
        """The helper should have answered a second ago."""
        self._tell((wire.CANCEL, running.id))
        self._outstanding.answer(running.id, Captured(None, timed_out=True))
        if self._link is not None and self._heard_at < running.started_at:
            self._outstanding.suspect(running)
            self._link.lose()
            self._sweep({running.mark})

    def _check_helper(self) -> None:
        """While something is outstanding, make sure that the helper lives."""
        self._ping = None
        if self._link is None or not self._outstanding:
            return
        if self._unanswered:
            self._link.lose()
            return
        self._unanswered = True
        self._tell((wire.PING, 0))
        self._ping = self._scheduler.call_later(_PING_EVERY, self._check_helper)

    def _lost(self, link: HelperLink) -> None:
        """Fail what it was doing, end what its commands left, start another."""
        if self._link is not link:
            return
        self._link = None
        self._fail_all()
        if not self._closed:
            with contextlib.suppress(OSError):  # the next request tries again
                self._linked()

    def _sweep(self, lost: set[int]) -> None:
        if lost:
            Sweep(self._scheduler, Census(self._reaper, lost.__contains__)).begin()

    def _fail_all(self) -> None:
        """Nobody will answer any more: say so, and kill what may have been started."""
        self._kept.lost()
        self._sweep(self._outstanding.marks())
        self._outstanding.fail_all()
