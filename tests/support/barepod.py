"""The real `barepod run` in a process of its own, followed through the watch events it prints.

    with barepod.run(folder, manifest) as run:
        run.until(lambda: run.phase == "Running")
        run.signal(signal.SIGINT)
        assert run.wait() == 0

Tests wait for facts, never for time. Everything a run starts bears a number that the kernel hands
on through fork, exec, setsid and setuid (a limit of the message queues): by it the end of a run is
checked, without trusting the code under test.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec
import pytest

from agent.host import cgroup
from agent.model.event import Event
from agent.model.pod import Pod
from agent.model.status import ContainerStatus
from tests.support.barepod_setup import NOBODY as NOBODY
from tests.support.barepod_setup import Mode as Mode
from tests.support.barepod_setup import Setup as Setup
from tests.support.barepod_setup import become_nobody as become_nobody

Fields = dict[str, Any]
T = TypeVar("T")

ROOT = Path(__file__).parents[2]
_PATIENCE = 15.0
_AFTERMATH = 3.0
_LOOK_AGAIN = 0.01
_MARK = "Max msgqueue size"


class Run:
    """One `barepod run`; `changes` are the watch events so far."""

    def __init__(self, folder: Path, setup: Setup, process: subprocess.Popen[bytes], mark: int):
        self.folder = folder
        self.log_dir = Path(setup.node.get("log_dir", str(folder / "logs")))
        self.changes: list[tuple[str, Pod | Event]] = []
        self.lines: list[str] = []
        self._process = process
        self._mark = mark
        self._stderr: list[bytes] = []
        self._pods: dict[str, Pod] = {}
        self._events: dict[str, Event] = {}
        self._news = threading.Condition()
        self._threads = [self._follow(process.stderr, self._on_stderr)]
        if process.stdout is not None:
            read = self._on_change if setup.output == "json" else self._on_line
            self._threads.append(self._follow(process.stdout, read))

    @property
    def pid(self) -> int:
        """The process of barepod itself."""
        return self._process.pid

    @property
    def stderr(self) -> str:
        """What it wrote to stderr so far: container output and problems."""
        return b"".join(self._stderr).decode("utf-8", "replace")

    def pod(self, name: str = "p") -> Pod:
        """A pod as published last, also after its deletion."""
        with self._news:
            return self._pods.get(name) or Pod()

    @property
    def phase(self) -> str:
        """The phase of pod `p`."""
        return self.pod().status.phase

    @property
    def is_ready(self) -> bool:
        """Whether pod `p` is Ready."""
        return any(c.type == "Ready" and c.status == "True" for c in self.pod().status.conditions)

    def statuses(self, container: str = "c") -> list[ContainerStatus]:
        """All statuses of a container that were published, in order, without repetition."""
        found: list[ContainerStatus] = []
        with self._news:
            pods = [change for _, change in self.changes if isinstance(change, Pod)]
        for pod in pods:
            for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
                if status.name == container and (not found or found[-1] != status):
                    found.append(status)
        return found

    def status(self, container: str = "c") -> ContainerStatus:
        """A container's status as published last."""
        status = self.pod().status
        for one in (*status.init_container_statuses, *status.container_statuses):
            if one.name == container:
                return one
        return ContainerStatus(name=container)

    def waits_for(self, reason: str, container: str = "c") -> bool:
        """Whether a container waits for this reason."""
        waiting = self.status(container).state.waiting
        return waiting is not None and waiting.reason == reason

    def is_running(self, container: str = "c", *, restarts: int = 0) -> bool:
        """Whether a container runs, for the n-th time at least."""
        status = self.status(container)
        return status.state.running is not None and status.restart_count >= restarts

    def exit_code(self, container: str = "c") -> int | None:
        """The exit code of a container that has ended, or of its previous run."""
        status = self.status(container)
        for state in (status.state, status.last_state):
            if state.terminated is not None:
                return state.terminated.exit_code
        return None

    def events(self, reason: str = "") -> list[Event]:
        """Events in the order in which they came first, as published last."""
        with self._news:
            found = list(self._events.values())
        return [event for event in found if not reason or event.reason == reason]

    def messages(self, reason: str) -> list[str]:
        """The texts of the events with this reason."""
        return [event.message for event in self.events(reason)]

    def log(self, container: str = "c", attempt: int = 0, *, pod: str = "p") -> list[str]:
        """The lines of a log file in CRI format; none if there is no such file (yet)."""
        return self.log_bytes(container, attempt, pod=pod).decode("utf-8", "replace").splitlines()

    def log_bytes(self, container: str = "c", attempt: int = 0, *, pod: str = "p") -> bytes:
        """A log file as it is."""
        meta = self.pod(pod).metadata
        path = self.log_dir / f"{meta.namespace}_{meta.name}_{meta.uid}" / container
        try:
            return (path / f"{attempt}.log").read_bytes()
        except FileNotFoundError:
            return b""

    def said(self, container: str = "c", attempt: int = 0) -> str:
        """What a container wrote, lines joined as they were."""
        fields = (line.split(" ", 3) for line in self.log(container, attempt))
        return "".join(text + ("\n" if flag == "F" else "") for _, _, flag, text in fields)

    def until(self, fact: Callable[[], T], seconds: float = _PATIENCE) -> T:
        """Wait until the fact is true, and return it; fail if that takes too long."""
        deadline = time.monotonic() + seconds
        with self._news:
            while not (result := fact()):
                if self._process.poll() is not None:
                    deadline = min(deadline, time.monotonic() + _AFTERMATH)
                if time.monotonic() > deadline:
                    pytest.fail(f"it did not happen in time\n{self.story()}")
                self._news.wait(_LOOK_AGAIN)
        return result

    def story(self) -> str:
        """What happened, for the reader of a failed test."""
        lines = [f"{e.type} {e.reason}: {e.message} (x{e.count})" for e in self._events.values()]
        for pod in self._pods.values():
            lines.append(f"{pod.metadata.name}: {msgspec.json.encode(pod.status).decode()}")
        return "\n".join([*lines, *self.lines, self.stderr[-4000:]])

    def signal(self, signum: int) -> None:
        """Send a signal to barepod itself."""
        os.kill(self.pid, signum)

    def wait(self, seconds: float = _PATIENCE) -> int:
        """Wait for the end of barepod; its exit code (negative: the signal that killed it)."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"barepod did not end in time\n{self.story()}")
        for thread in self._threads:
            thread.join(_PATIENCE)
        return code

    def stop(self) -> int:
        """Ask for a graceful end and wait for it."""
        self.signal(signal.SIGINT)
        return self.wait()

    def helper_pid(self) -> int:
        """The helper process: the only child that is a Python of ours without being marked."""
        for pid in _children(self.pid):
            if b"agent.host.helper" in _cmdline(pid):
                return pid
        return 0

    def processes(self) -> list[int]:
        """Everything that this run started and that is alive, itself and its helper included."""
        return [int(entry.name) for entry in Path("/proc").iterdir() if self._is_ours(entry)]

    def cgroups(self) -> list[Path]:
        """The cgroups that this run made."""
        base = cgroup.find_base(
            Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text()
        )
        return [] if base is None else list(Path(base).glob(f"barepod-{self.pid}-*"))

    def kill(self) -> None:
        """SIGKILL to barepod itself; what it started is not looked at."""
        self.signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Let go of a run that has ended, or is ending."""
        self._process.wait(_PATIENCE)
        for thread in self._threads:
            thread.join(_PATIENCE)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def end(self) -> None:
        """End what still runs, the hard way if need be; fail if anything is left then."""
        for number, patience in (
            *((signal.SIGINT, 0.3), (signal.SIGINT, 0.3)),
            *((signal.SIGINT, _PATIENCE), (signal.SIGKILL, 3.0)),
        ):
            if self._process.poll() is None:
                self.signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience)
        left, deadline = self.processes(), time.monotonic() + _PATIENCE
        while (left or self.cgroups()) and time.monotonic() < deadline:
            time.sleep(_LOOK_AGAIN)
            left = self.processes()
        names = {pid: _cmdline(pid) for pid in left}
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.close()
        assert not names, f"processes are left: {names}\n{self.story()}"
        assert not self.cgroups(), f"cgroups are left: {self.cgroups()}"

    def _is_ours(self, entry: Path) -> bool:
        if not entry.name.isdigit():
            return False
        try:
            limits = (entry / "limits").read_text()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        mine = limits.partition(_MARK)[2].split(None, 1)[:1] == [str(self._mark)]
        return mine and state not in "ZX"

    def _follow(self, stream: IO[bytes] | None, take: Callable[[bytes], None]) -> threading.Thread:
        assert stream is not None

        def follow() -> None:
            for line in stream:
                with self._news:
                    take(line)
                    self._news.notify_all()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        return thread

    def _on_stderr(self, line: bytes) -> None:
        self._stderr.append(line)

    def _on_line(self, line: bytes) -> None:
        self.lines.append(line.decode().rstrip("\n"))

    def _on_change(self, line: bytes) -> None:
        change = json.loads(line)
        obj = change["object"]
        if obj["kind"] == "Pod":
            pod = msgspec.convert(obj, Pod)
            self._pods[pod.metadata.name] = pod
            self.changes.append((change["type"], pod))
        else:
            event = msgspec.convert(obj, Event)
            self._events[event.metadata.name] = event
            self.changes.append((change["type"], event))


@contextmanager
def run(folder: Path, *pods: Fields, setup: Setup | None = None) -> Iterator[Run]:
    """Run pods (manifests as plain values); in the end nothing of them is left, or the test fails.

    `folder` must be reachable for nobody in mode `user`; see the fixture `place`.
    """
    setup = setup or Setup()
    files = []
    for number, manifest in enumerate(pods):
        file = folder / f"pod{number}.json"
        file.write_text(json.dumps(manifest))
        files.append(str(file))
    with command(folder, ["run", *files, "-o", setup.output], setup) as started:
        yield started


@contextmanager
def command(folder: Path, arguments: Sequence[str], setup: Setup) -> Iterator[Run]:
    """Start `barepod ARGUMENTS --config F`, whatever the arguments are."""
    started = start(folder, arguments, setup, new_mark())
    try:
        yield started
    finally:
        started.end()


def new_mark() -> int:
    """A number by which everything is recognised that one test starts."""
    return random.randrange(100_000, resource.getrlimit(resource.RLIMIT_MSGQUEUE)[0])


def start(folder: Path, arguments: Sequence[str], setup: Setup, mark: int) -> Run:
    """Start `barepod ARGUMENTS --config F`; the caller sees to its end."""
    config = folder / "barepod.toml"
    config.write_text(setup.config_text(folder))
    process = subprocess.Popen(
        [
            *("prlimit", f"--msgqueue={mark}:{mark}"),
            *setup.become(folder),
            *setup.prefix,
            *(sys.executable, "-m", "agent", *arguments, "--config", str(config)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if setup.stdout is None else setup.stdout,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **setup.environ},
    )
    return Run(folder, setup, process, mark)


def pod(*containers: Fields, name: str = "p", **spec: Any) -> Fields:
    """A manifest; grace is short and nothing is restarted, unless told otherwise."""
    defaults = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {**defaults, "containers": list(containers), **spec},
    }


def sh(script: str, name: str = "c", **fields: Any) -> Fields:
    """A container that runs a shell script, as written: nothing in it is expanded before."""
    return container("sh", "-c", script.replace("$", "$$"), name=name, **fields)


def python(code: str, name: str = "c", **fields: Any) -> Fields:
    """A container that runs a Python program."""
    return container(sys.executable, "-I", "-S", "-c", code, name=name, **fields)


def container(*argv: str, name: str = "c", **fields: Any) -> Fields:
    """A container that runs a program."""
    return {"name": name, "image": "none", "command": list(argv), **fields}


def probe(script: str, **fields: Any) -> Fields:
    """An exec probe of one second's period."""
    command = ["sh", "-c", script.replace("$", "$$")]
    return {"exec": {"command": command}, "periodSeconds": 1, **fields}


def hook(script: str) -> Fields:
    """An exec hook."""
    return {"exec": {"command": ["sh", "-c", script]}}


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
