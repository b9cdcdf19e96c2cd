"""Run pods until they end or a signal ends them, and show what happens."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from agent.cli.show import open_show
from agent.config import Config
from agent.host.launch import Launched
from agent.manifest.load import Manifest
from agent.model.pod import Pod
from agent.store.memory import Change, ChangeType, MemoryStore

EXIT_KILLED = 130
_GRACEFUL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Foreground:
    """One `barepod run`."""

    def __init__(self, config: Config, manifest: Manifest, output: str, launched: Launched) -> None:
        self._config = config
        self._manifest = manifest
        self._output = output
        self._launched = launched
        self._store = MemoryStore()
        self._stop_requests = 0
        self._failed: dict[str, Pod] = {}

    def run(self) -> int:
        """The exit code of the command."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        from agent.daemon import Hooks, open_node

        show = open_show(self._output, self._manifest)
        self._store.watch(show.change)
        self._store.watch(self._note)
        try:
            async with open_node(
                self._config,
                self._store,
                Hooks(follower=show.follower, problem=show.problem),
                self._launched,
            ) as manager:
                self._catch_signals(manager.delete_all, manager.kill_all)
                for config_map in self._manifest.config_maps:
                    self._store.put(config_map)
                for secret in self._manifest.secrets:
                    self._store.put(secret)
                for loaded in self._manifest.pods:
                    missed = tuple(str(field) for field in loaded.ignored if field.is_missed)
                    manager.add(loaded.pod, missed)
        finally:
            await show.close()
        return self._exit_code()

    def _catch_signals(self, delete_all: Callable[[], None], kill_all: Callable[[], None]) -> None:
        """The first request stops gracefully, the second kills."""

        def stop() -> None:
            self._stop_requests += 1
            if self._stop_requests == 1:
                delete_all()
            else:
                kill_all()

        loop = asyncio.get_running_loop()
        for number in _GRACEFUL:
            loop.add_signal_handler(number, stop)

    def _note(self, change: Change) -> None:
        """Remember the pods that failed by themselves, in the order in which they did."""
        pod = change.object
        if not isinstance(pod, Pod) or change.type is ChangeType.DELETED:
            return
        if pod.status.phase == "Failed" and pod.metadata.deletion_timestamp is None:
            self._failed.setdefault(pod.metadata.uid, pod)

    def _exit_code(self) -> int:
        if self._stop_requests > 1:
            return EXIT_KILLED
        if self._stop_requests or not self._failed:
            return 0
        return exit_code_of(next(iter(self._failed.values())))


def exit_code_of(pod: Pod) -> int:
    """The exit code of the container of a failed pod that failed first; 1 if none tells."""
    ends = [
        status.state.terminated
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
        if status.state.terminated is not None and status.state.terminated.exit_code != 0
    ]
    if not ends:
        return 1
    first = min(ends, key=lambda end: end.finished_at.timestamp() if end.finished_at else 0.0)
    return first.exit_code & 0xFF or 1
