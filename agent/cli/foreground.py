"""Run pods until they end or a signal ends them, and show what happens."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from agent import boot
from agent.cli.show import open_show
from agent.config import Config
from agent.host import event_loop
from agent.host.clock import wall_time
from agent.host.launch import Launched
from agent.host.tasks import tell
from agent.manifest.load import Manifest
from agent.model.pod import Pod
from agent.store.interface import Saved
from agent.store.memory import Change, ChangeType, MemoryStore

if TYPE_CHECKING:
    from agent.daemon.node import Node
    from agent.pod.manager import PodManager

EXIT_KILLED = 130
EXIT_STUCK = 1
#: A pipe without a reader, a terminal that was hung up.
_READER_GONE = (errno.EPIPE, errno.EIO)
#: After so many seconds what was put off is caught up on, if no container runs before.
_BEGUN = 0.1
#: The start is over after so many seconds: the first containers run.
_SETTLED = 1.0
_GRACEFUL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Foreground:
    """One `barepod run`."""

    def __init__(
        self,
        config: Config,
        manifest: Manifest,
        output: str,
        launched: Launched | None,
        *,
        serves: bool = False,
    ) -> None:
        """`serves`: kubectl may look at the pods, and change them."""
        self._config = config
        self._manifest = manifest
        self._output = output
        self._launched = launched
        self._serves = serves
        # Clients compare versions with those of the run before: time goes on as they do.
        since = int(wall_time().timestamp() * 1_000_000) if serves else 0
        self._store = MemoryStore(saved=Saved(version=since))
        self._manager: PodManager | None = None
        self._stop_requests = 0
        self._is_read = True
        self._is_stuck = False
        self._has_begun = False
        self._failed: dict[str, Pod] = {}
        self._ended: dict[str, int] = {}

    def run(self) -> int:
        """The exit code of the command."""
        return event_loop.run(self._run())

    async def _run(self) -> int:
        from agent.daemon.node import Hooks, open_node

        loop = asyncio.get_running_loop()
        show = open_show(
            self._output,
            self._manifest,
            on_broken=lambda exc: tell(loop, lambda: self._output_lost(exc, show.problem)),
        )
        self._store.watch(show.change)
        self._store.watch(self._note)
        try:
            async with open_node(
                self._config,
                self._store,
                Hooks(
                    follower=show.follower,
                    problem=show.problem,
                    signals=dict.fromkeys(_GRACEFUL, self._stop),
                ),
                self._launched,
            ) as node:
                manager = self._manager = node.manager
                for config_map in self._manifest.config_maps:
                    self._store.put(config_map)
                for secret in self._manifest.secrets:
                    self._store.put(secret)
                for loaded in self._manifest.pods:
                    missed = tuple(str(field) for field in loaded.ignored if field.is_missed)
                    manager.add(loaded.pod, missed)
                if self._stop_requests or not self._is_read:
                    manager.delete_all()
                loop.call_later(_BEGUN, self._begun)
                loop.call_later(_SETTLED, boot.settle)
                if self._serves:
                    await self._serve(node, show.problem)
        finally:
            await show.close()
        return self._exit_code()

    async def _serve(self, node: Node, problem: Callable[[str], None]) -> None:
        """The API, as long as any pod runs."""
        from agent.daemon.api import APIParts, open_api

        parts = APIParts(
            config=self._config,
            store=self._store,
            node=node,
            troubles=tuple,
            problem=problem,
            news=problem,
        )
        async with open_api(parts):
            await node.manager.ended()

    def _stop(self) -> None:
        """The first request stops gracefully, the second kills."""
        self._stop_requests += 1
        if self._manager is None:
            return  # nothing runs yet; what is begun will be ended at once
        if self._stop_requests == 1:
            self._manager.delete_all()
        else:
            self._manager.kill_all()

    def _output_lost(self, exc: OSError, problem: Callable[[str], None]) -> None:
        """Whoever read our output has left (`| head`): stop gracefully, as when hung up on.

        Not counted: Ctrl-C ends a reader too, and must not seem to be pressed twice. A full disk is
        no such request: we stop, but say so.
        """
        self._is_read = False
        if exc.errno not in _READER_GONE:
            self._is_stuck = True
            problem(f"cannot write to stdout: {(exc.strerror or str(exc)).lower()}: stopping")
        if self._manager is not None:
            self._manager.delete_all()

    def _note(self, change: Change) -> None:
        """Remember the order in which containers ended, and pods failed by themselves."""
        pod = change.object
        if not isinstance(pod, Pod) or change.type is ChangeType.DELETED:
            return
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
            if status.state.waiting is None:
                self._begun()
            if status.state.terminated is not None:
                self._ended.setdefault(status.state.terminated.container_id, len(self._ended))
        if pod.status.phase == "Failed" and pod.metadata.deletion_timestamp is None:
            self._failed.setdefault(pod.metadata.uid, pod)

    def _begun(self) -> None:
        """The first process runs: catch up on what was put off, before anything runs short."""
        if not self._has_begun:
            self._has_begun = True
            loop = asyncio.get_running_loop()
            loop.call_soon(_catch_up, loop)

    def _exit_code(self) -> int:
        if self._stop_requests > 1:
            return EXIT_KILLED
        if self._is_stuck:
            return EXIT_STUCK
        if self._stop_requests or not self._is_read or not self._failed:
            return 0
        return exit_code_of(next(iter(self._failed.values())), self._ended)


def _catch_up(loop: asyncio.AbstractEventLoop) -> None:
    """One module in each turn of the loop: what has begun is not held up by it."""
    if boot.catch_up():
        loop.call_soon(_catch_up, loop)


def exit_code_of(pod: Pod, ended: Mapping[str, int]) -> int:
    """The exit code of the container of a failed pod that failed first; 1 if none tells.

    `ended` has the place of each container id in the order of their ends: times in a status are
    cut to seconds.
    """
    ends = [
        status.state.terminated
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
        if status.state.terminated is not None and status.state.terminated.exit_code != 0
    ]
    if not ends:
        return 1
    first = min(ends, key=lambda end: ended.get(end.container_id, len(ended)))
    return first.exit_code & 0xFF or 1
