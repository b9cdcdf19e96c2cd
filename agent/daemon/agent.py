"""The agent: runs the manifest directory's pods for as long as the service manager wants.

Signals: SIGTERM and SIGINT stop by grace, a second one shortens it, a third kills; SIGHUP reads the
configuration again; SIGUSR2 has a new version take over in place.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from agent import KUBERNETES_VERSION, __version__, boot
from agent.config import Config, ConfigError
from agent.daemon.changes import ChangeLog
from agent.daemon.inheritance import Legacy, fences_of
from agent.daemon.logs import Log, set_level
from agent.daemon.node import Hooks, Node, open_node
from agent.host import reexec
from agent.host.clock import SystemClock
from agent.host.descriptor_limit import RLimit
from agent.host.directory_watch import Changes, DirectoryWatch
from agent.host.launch import Launched
from agent.host.limits import Limits
from agent.host.systemd import Notifier, Watchdog
from agent.model.pod import Pod
from agent.pod.manifest_reader import DirectoryReading, ManifestReader
from agent.pod.manifest_source import ManifestSource, SourceParts
from agent.rules.shutdown import longest_stop
from agent.rules.transitions import is_ready
from agent.store.memory import MemoryStore
from agent.store.sqlite import open_store

if TYPE_CHECKING:
    from agent.daemon.api import OpenAPI

#: After a bug of ours showed, try again after so many seconds.
_RETRY_SECONDS = 10.0
#: A second request to stop leaves every pod so many seconds.
HASTY = 2
#: The status line is at most so many seconds behind.
_STATUS_SECONDS = 0.2
#: The start is over so many seconds after the first look: the first containers run.
_SETTLED = 1.0
#: What a stop may take beyond the grace of the pods, in seconds.
_STOP_SLACK = 10.0
#: Sections whose change waits for the next start.
_FIXED = ("node", "api", "health", "haproxy")


class AgentParts(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent is given; `watchdog` is the service manager's interval in seconds, 0: none.

    `rlimits` are for the main processes of containers, where the agent's own differ.
    """

    config: Config
    load_config: Callable[[], Config]
    log: Log
    notifier: Notifier
    watchdog: float
    launched: Launched | None
    is_root: bool
    rlimits: tuple[RLimit, ...] = ()


class Agent:
    """One `barepod agent`."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts
        self._config = parts.config
        self._log = parts.log
        self._store = MemoryStore()
        self._stop_requests = 0
        self._is_replaced = False
        self._group: asyncio.TaskGroup | None = None
        self._stop = asyncio.Event()
        self._changes = asyncio.Event()
        self._pending = Changes(everything=True)
        self._is_synced = False
        self._is_read = False
        self._is_status_due = False

    async def run(self) -> bool:
        """Run until told to stop; returns when nothing runs any more, or all is left to run.

        True: a new version is to take over in place, now. StoreError: the state directory is not
        for us; OSError: the machine lacks something.
        """
        asyncio.get_running_loop().set_exception_handler(self._fault)
        state_dir = self._config.node.state_dir
        async with open_store(state_dir, SystemClock(), self._log.warning) as store:
            self._store = store
            store.watch(ChangeLog(self._log, store.list(Pod)).change)
            hooks = Hooks(follower=lambda *_: None, problem=self._log.error, news=self._log.info)
            legacy = Legacy(
                fences=fences_of(store, state_dir),
                keeper=f"{self._config.node.run_dir}/keeper.sock",
                durable=store.durable,
                rlimits=self._parts.rlimits,
            )
            launched = self._parts.launched
            async with open_node(self._config, store, hooks, launched, legacy) as node:
                with self._signals(node):
                    # They outlive the pods: a draining pod is asked about until it is gone.
                    async with self._listeners(node), self._api(node) as api:
                        await self._serve(node, api.look)
        return self._is_replaced

    def _listeners(self, node: Node) -> AbstractAsyncContextManager[object]:
        """Health, readiness, metrics and HAProxy's agent check, where they are wanted."""
        from agent.api.listeners import ListenerParts, open_listeners

        parts = ListenerParts(
            pods=self._store,
            state=self._store,
            metrics=node.metrics,
            facts=node.manager.facts,
            troubles=self._troubles,
            clock=node.machine.clock,
            scheduler=node.machine.scheduler,
            version=__version__,
            kubernetes_version=KUBERNETES_VERSION,
            problem=self._log.error,
            news=self._log.info,
        )
        return open_listeners(
            parts,
            health=self._config.health.listen,
            agent_check=self._config.haproxy.agent_check,
        )

    def _api(self, node: Node) -> AbstractAsyncContextManager[OpenAPI]:
        """What kubectl talks to."""
        from agent.daemon.api import APIParts, open_api

        parts = APIParts(
            config=self._config,
            store=self._store,
            node=node,
            troubles=self._troubles,
            problem=self._log.error,
            news=self._log.info,
        )
        return open_api(parts)

    def _troubles(self) -> tuple[str, ...]:
        """Why the agent does not do its work yet."""
        return () if self._is_read else ("the manifest directory has not been read yet",)

    def _fault(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something failed in the loop with nobody to hear of it."""
        self._log.error(
            "internal error, going on",
            what=context.get("message"),
            error=repr(context.get("exception")),
        )

    async def _serve(self, node: Node, tell_ready: Callable[[], None]) -> None:
        scheduler = node.machine.scheduler
        source = self._source(node)
        watch = DirectoryWatch(
            self._config.node.manifest_dir,
            node.machine.reactor,
            scheduler,
            changed=self._note,
            problem=self._watch_problem,
        )
        watchdog = Watchdog(self._parts.notifier, scheduler, self._parts.watchdog)
        self._store.watch(lambda _: self._status_due(node, source))
        self._log.info(
            "agent starts", version=__version__, manifests=self._config.node.manifest_dir
        )
        watchdog.start()
        watch.start()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                follower = group.create_task(
                    self._follow(node, source, tell_ready), name="manifests"
                )
                await self._stop.wait()
                self._group = None
                watch.close()
                follower.cancel()
            await self._end(node)
        finally:
            watch.close()
            watchdog.close()

    async def _follow(
        self, node: Node, source: ManifestSource, tell_ready: Callable[[], None]
    ) -> None:
        """Act on the files' changes, one batch after the other; the first makes us ready."""
        self._changes.set()
        while True:
            await self._changes.wait()
            self._changes.clear()
            changes, self._pending = self._pending, Changes()
            try:
                await source.sync(changes)
            except Exception as exc:  # noqa: BLE001 - a bug of ours must not end what runs
                self._log.error("internal error with manifests, going on", error=repr(exc))
                await node.machine.clock.sleep(_RETRY_SECONDS)
                self._note(Changes(everything=True))
                continue
            if not self._is_read and not source.problem:
                self._is_read = True
                tell_ready()
            if not self._is_synced:
                self._is_synced = True
                self._parts.notifier.ready(self._status(source))
                self._log.info("agent is ready", status=self._status(source))
                node.machine.scheduler.call_later(_SETTLED, boot.settle)
            self._status_due(node, source)

    async def _end(self, node: Node) -> None:
        """All pods by their grace, as the service manager is told; or they are left."""
        if self._is_replaced or self._config.node.on_stop == "keep":
            self._leave(node)
            return
        pods = list(self._store.list(Pod))
        self._parts.notifier.stopping(f"stopping, pods left: {len(pods)}")
        self._parts.notifier.extend_timeout(longest_stop(pods) + _STOP_SLACK)
        self._log.info("agent stops", pods=len(pods))
        await node.manager.stop_all()
        self._log.info("agent has stopped")

    def _leave(self, node: Node) -> None:
        """The pods go on; another agent will find them."""
        pods = len(self._store.list(Pod))
        notifier = self._parts.notifier
        if self._is_replaced:
            notifier.reloading()
        else:
            notifier.stopping(f"stopping, pods left running: {pods}")
        self._log.info("agent goes, pods stay", pods=pods, replaced=self._is_replaced)
        node.leave()

    @contextmanager
    def _signals(self, node: Node) -> Iterator[None]:
        reactor = node.machine.reactor
        for number in (signal.SIGTERM, signal.SIGINT):
            reactor.on_signal(number, lambda: self._stop_requested(node))
        reactor.on_signal(signal.SIGHUP, lambda: self._reload(node))
        reactor.on_signal(signal.SIGUSR2, lambda: self._replace_requested(node))
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2):
                reactor.forget_signal(number)

    def _stop_requested(self, node: Node) -> None:
        self._stop_requests += 1
        self._stop.set()
        if self._stop_requests == 2:
            self._log.warning("asked again to stop: grace is shortened", seconds=HASTY)
            node.manager.hasten_all(HASTY)
        elif self._stop_requests > 2:
            self._log.warning("asked once more to stop: everything is killed")
            node.manager.kill_all()

    def _replace_requested(self, node: Node) -> None:
        """Let a new version take over, if it can start at all."""
        if self._group is not None and self._is_synced and not self._stop.is_set():
            self._group.create_task(self._replace(node), name="replace")

    async def _replace(self, node: Node) -> None:
        machine = node.machine
        boundary = machine.containment.create(f"preflight-{os.urandom(4).hex()}", Limits())
        try:
            program, _ = reexec.own_command()
            problem = await reexec.preflight(machine.spawner, boundary, program)
        finally:
            await boundary.kill()
            boundary.close()
        if problem:
            self._log.error("not replaced", reason=problem)
        elif not self._stop.is_set():
            self._is_replaced = True
            self._stop.set()

    def _reload(self, node: Node) -> None:
        """Read the configuration again; a broken one leaves all as it is."""
        if not self._is_synced or self._stop.is_set():
            return
        notifier = self._parts.notifier
        notifier.reloading()
        try:
            config = self._parts.load_config()
        except ConfigError as exc:
            for problem in exc.problems:
                self._log.error(problem)
            notifier.ready("reload refused: the configuration is broken, see the log")
            return
        later = [name for name in _FIXED if getattr(config, name) != getattr(self._config, name)]
        if later:
            self._log.warning("sections take effect at the next start", sections=" ".join(later))
        fixed = {name: getattr(self._config, name) for name in _FIXED}
        self._config = msgspec.structs.replace(config, **fixed)
        set_level(self._config.log.level)
        node.reconfigure(self._config)
        self._note(Changes(everything=True))
        self._log.info("configuration was read again")
        notifier.ready("configuration was read again")

    def _note(self, changes: Changes) -> None:
        """Files may have changed; what came before and was not looked at yet is kept."""
        before = self._pending
        self._pending = Changes(
            before.names | changes.names, everything=before.everything or changes.everything
        )
        self._changes.set()

    def _watch_problem(self, text: str) -> None:
        if text:
            self._log.error("cannot watch the manifest directory, looking ever again", reason=text)

    def _tell(self, text: str, is_good: bool) -> None:
        (self._log.info if is_good else self._log.error)(text)

    def _source(self, node: Node) -> ManifestSource:
        async def in_thread(function: Callable[[], DirectoryReading]) -> DirectoryReading:
            return await asyncio.to_thread(function)

        reader = ManifestReader(
            directory=str(Path(self._config.node.manifest_dir).absolute()),
            only_root=self._parts.is_root,
        )
        return ManifestSource(
            SourceParts(
                reader=reader,
                pods=node.manager,
                store=self._store,
                recorder=node.recorder,
                clock=node.machine.clock,
                in_thread=in_thread,
                tell=self._tell,
            )
        )

    def _status_due(self, node: Node, source: ManifestSource) -> None:
        if not self._is_status_due and self._is_synced and self._parts.notifier.is_heard:
            self._is_status_due = True
            node.machine.scheduler.call_later(_STATUS_SECONDS, lambda: self._say_status(source))

    def _say_status(self, source: ManifestSource) -> None:
        self._is_status_due = False
        self._parts.notifier.status(self._status(source))

    def _status(self, source: ManifestSource) -> str:
        pods = list(self._store.list(Pod))
        if self._stop.is_set():
            return f"stopping, pods left: {len(pods)}"
        text = f"{len(pods)} pod{'s' * (len(pods) != 1)}, {sum(map(is_ready, pods))} ready"
        if source.problem:
            text += f"; {source.problem}"
        elif source.broken:
            text += f"; manifest files with problems: {source.broken}"
        return text
