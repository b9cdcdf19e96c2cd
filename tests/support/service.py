"""The real `barepod agent` in a process of its own, followed through the log it writes.

with service.agent(place) as agent:
    agent.write("web.json", pod(sh("exec sleep 1000")))
    agent.until_told("container runs", pod="default/p")
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from tests.support import barepod
from tests.support.barepod import Fields, Run, Setup

T = TypeVar("T")

#: Several agents may be tested on one machine.
_NO_API = '[api]\nlisten = ""\n'


class Agent:
    """One `barepod agent` and its manifest directory."""

    def __init__(self, run: Run, manifests: Path) -> None:
        self.run = run
        self.manifests = manifests

    def write(self, name: str, *pods: Fields | str) -> None:
        """Put a file into the directory as an editor does: beside it, then renamed."""
        write(self.manifests, name, *pods)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.manifests / name).unlink()

    def log(self, event: str = "", **fields: Any) -> list[dict[str, Any]]:
        """The log's lines so far: all, or those with this text and these fields."""
        lines = [json.loads(line) for line in self.run.stderr.splitlines() if line.startswith("{")]
        return [line for line in lines if event in line["event"] and fields.items() <= line.items()]

    def until(self, fact: Callable[[], T]) -> T:
        """Wait until the fact is true, and return it."""
        return self.run.until(fact)

    def until_told(self, event: str, times: int = 1, **fields: Any) -> dict[str, Any]:
        """Wait until the log has said this so often; its latest line about it."""

        def enough() -> list[dict[str, Any]]:
            lines = self.log(event, **fields)
            return lines if len(lines) >= times else []

        return self.until(enough)[-1]

    def running(self, word: str) -> list[int]:
        """What the agent started that has this word among its arguments."""
        found = []
        for pid in self.run.processes():
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if word.encode() in words:
                found.append(pid)
        return found


@contextmanager
def agent(place: Path, setup: Setup | None = None) -> Iterator[Agent]:
    """Start an agent; in the end nothing of it is left, or the test fails."""
    with starting(place, setup) as started:
        started.until_told("agent is ready")
        yield started


@contextmanager
def starting(place: Path, setup: Setup | None = None) -> Iterator[Agent]:
    """The same without waiting for it to be ready, nor making its directory."""
    manifests, setup = _completed(place, setup)
    with barepod.command(place, ["agent"], setup) as run:
        yield Agent(run, manifests)


class Lives:
    """Agents that live one after the other in one place; `agent` is the one that lives now."""

    def __init__(self, place: Path, setup: Setup | None = None) -> None:
        self._place = place
        self._manifests, self._setup = _completed(place, setup)
        self._mark = barepod.new_mark()
        self.agent = self._start()

    def _start(self) -> Agent:
        run = barepod.start(self._place, ["agent"], self._setup, self._mark)
        return Agent(run, self._manifests)

    def next(self, setup: Setup | None = None) -> Agent:
        """Start another agent, and wait until it is ready."""
        if setup is not None:
            self._manifests, self._setup = _completed(self._place, setup)
        self.begin().until_told("agent is ready")
        return self.agent

    def begin(self) -> Agent:
        """The same without waiting."""
        self.agent = self._start()
        return self.agent

    def kill(self, *, helper: bool = False) -> None:
        """SIGKILL to the agent, and to its helper if that is wanted."""
        pid = self.agent.run.helper_pid() if helper else 0
        self.agent.run.signal(signal.SIGKILL)
        if pid:
            os.kill(pid, signal.SIGKILL)
        self.agent.run.close()

    def replace_agent(self, *, helper: bool = False) -> Agent:
        """Kill the agent and start another."""
        self.kill(helper=helper)
        return self.next()

    def end(self) -> None:
        """Let the last agent end everything; nothing may be left."""
        self.agent.run.end()


@contextmanager
def lives(place: Path, setup: Setup | None = None) -> Iterator[Lives]:
    """A first agent, which is ready; in the end nothing of any of them is left."""
    started = Lives(place, setup)
    try:
        started.agent.until_told("agent is ready")
        yield started
    finally:
        started.end()


def _completed(place: Path, setup: Setup | None) -> tuple[Path, Setup]:
    """The manifest directory and the setup of an agent that is followed through its log."""
    setup = setup or Setup()
    manifests = Path(setup.node.get("manifest_dir", str(place / "manifests")))
    node = {**setup.node, "manifest_dir": str(manifests)}
    config = f"{setup.config}\n{_NO_API}"
    return manifests, replace(setup, output="text", node=node, config=config)


def make_directory(place: Path) -> Path:
    """A manifest directory that root believes and everybody may read."""
    path = place / "manifests"
    path.mkdir(exist_ok=True)
    path.chmod(0o755)
    return path


def write(folder: Path, name: str, *pods: Fields | str) -> None:
    """Put a manifest into a folder at once."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in pods]
    temporary = folder / f".{name}.new"
    temporary.write_text("\n---\n".join(texts))
    temporary.rename(folder / name)
