"""What a foreground run shows: events and status as text or as watch events, container output."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from agent.host.log_track import Follower
from agent.host.terminal import Terminal
from agent.manifest.load import Manifest
from agent.model.event import Event
from agent.model.pod import Pod
from agent.rules.columns import pod_columns
from agent.store.memory import Change, ChangeType

_STDOUT, _STDERR = 1, 2
_LONGEST_MESSAGE = 1000


class Show(Protocol):
    """How one run looks."""

    def change(self, change: Change) -> None:
        """An object changed."""
        ...

    def follower(self, pod: Pod, container: str) -> Follower | None:
        """Where a container's output goes besides its log file."""
        ...

    def problem(self, text: str) -> None:
        """Something about barepod itself that the user must know."""
        ...

    async def close(self) -> None:
        """Show what is left."""
        ...


def open_show(output: str, manifest: Manifest, on_broken: Callable[[OSError], None]) -> Show:
    """The show for `--output`: text, json or quiet.

    `on_broken` is called, in some thread, when nobody reads stdout any more or it takes no more.
    """
    several = len(manifest.pods) > 1
    names = [
        _name(loaded.pod, container.name, several=several)
        for loaded in manifest.pods
        for container in (*loaded.pod.spec.init_containers, *loaded.pod.spec.containers)
    ]
    if output == "json":
        lines = Terminal(_STDOUT, environ={"NO_COLOR": "1"}, on_broken=on_broken)
        return _Json(Terminal(_STDERR, names=names), lines, several=several)
    terminal = Terminal(_STDOUT, names=names, on_broken=on_broken)
    if output == "quiet":
        return _Quiet(terminal, several=several)
    text = _Text(terminal, several=several)
    for note in manifest.notes:
        terminal.line(f"Note     {note}")
    return text


def _name(pod: Pod, container: str, *, several: bool) -> str:
    return f"{pod.metadata.name}/{container}" if several else container


def _brief(message: str) -> str:
    """A message in one line: what a probe printed may be 10 KiB long, every second."""
    first, _, rest = message.strip().partition("\n")
    if len(first) > _LONGEST_MESSAGE:
        first, rest = first[:_LONGEST_MESSAGE], "more"
    return f"{first} ..." if rest else first


class _Quiet:
    """Container output and problems, nothing else."""

    def __init__(self, terminal: Terminal, *, several: bool) -> None:
        self._terminal = terminal
        self._several = several
        self._has_problems = terminal.writes_to(_STDERR)

    def change(self, change: Change) -> None:
        """Nothing is said about objects."""

    def follower(self, pod: Pod, container: str) -> Follower | None:
        return self._terminal.follower(_name(pod, container, several=self._several))

    def problem(self, text: str) -> None:
        line = f"barepod: {text}"
        if self._has_problems and self._terminal.line(line):
            return
        with suppress(OSError):  # nobody reads it
            os.write(_STDERR, f"{line}\n".encode("utf-8", "replace"))

    async def close(self) -> None:
        await self._terminal.close()


class _Text(_Quiet):
    """Events as people know them, and the pod's line of `kubectl get` when it changes."""

    def __init__(self, terminal: Terminal, *, several: bool) -> None:
        super().__init__(terminal, several=several)
        self._last: dict[str, str] = {}

    def change(self, change: Change) -> None:
        obj = change.object
        if isinstance(obj, Event) and change.type is not ChangeType.DELETED:
            self._event(obj)
        elif isinstance(obj, Pod):
            self._pod(obj, deleted=change.type is ChangeType.DELETED)

    def _event(self, event: Event) -> None:
        part = event.involved_object.field_path.partition("{")[2].removesuffix("}")
        where = event.involved_object.name + (f"/{part}" if part else "")
        times = f" (x{event.count})" if event.count > 1 else ""
        self._terminal.line(
            f"{event.type:<8} {event.reason:<20} {where:<24} {_brief(event.message)}{times}"
        )

    def _pod(self, pod: Pod, *, deleted: bool) -> None:
        columns = pod_columns(pod)
        status = "Deleted" if deleted else columns.status
        text = f"{columns.ready}/{columns.total} ready, {columns.restarts} restarts"
        line = f"{'Pod':<8} {status:<20} {pod.metadata.name:<24} {text}"
        if self._last.get(pod.metadata.uid) != line:
            self._last[pod.metadata.uid] = line
            self._terminal.line(line)


class _Json(_Quiet):
    """One Kubernetes watch event a line on stdout; container output goes to stderr."""

    def __init__(self, terminal: Terminal, lines: Terminal, *, several: bool) -> None:
        super().__init__(terminal, several=several)
        self._lines = lines

    def change(self, change: Change) -> None:
        import msgspec

        if not isinstance(change.object, Pod | Event):
            return  # nobody asked for the content of a Secret
        line = msgspec.json.encode({"type": change.type, "object": change.object})
        self._lines.line(line.decode())

    async def close(self) -> None:
        await self._lines.close()
        await super().close()
