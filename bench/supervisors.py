"""The same small service under barepod and under other supervisors: start it, find it, end it.

The service is a shell that tells its pid and the time, then becomes `sleep`. It writes them into a
named pipe, whatever its supervisor does with its output.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.support.places import memory

NAME = "barepod-bench"
#: Words of a command line.
Words = tuple[str, ...]
_PATIENCE = 20.0
_END_PATIENCE = 30.0
_CIRCUS_DELAY = 0.01
_POLL = 0.005
#: What all services become.
_MAIN = "sleep"


@dataclass(frozen=True)
class Supervisor:
    """How a service is put under a supervisor.

    `command` writes what the supervisor wants to read into a folder and returns its command line;
    None if it is not installed.
    """

    name: str
    command: Callable[[Path, Words], Words | None]


@dataclass
class Service:
    """A service under its supervisor, `manager`, which was executed at `begun` (wall clock)."""

    manager: subprocess.Popen[bytes]
    pipe: int
    begun: float

    def born(self) -> tuple[int, float]:
        """Wait until it (or its successor) runs; its pid, and when it ran (seconds, wall clock)."""
        readable, _, _ = select.select([self.pipe], [], [], _PATIENCE)
        if not readable:
            raise TimeoutError(f"no service within {_PATIENCE:g} s")
        pid, stamp = os.read(self.pipe, 4096).split()[:2]
        return int(pid), float(stamp)

    def manager_cpu(self) -> float:
        """CPU seconds of the supervisor's first thread so far; hardly depends on other load."""
        return int(Path(f"/proc/{self.manager.pid}/schedstat").read_text().split()[0]) / 1e9


@contextmanager
def service(supervisor: Supervisor, *, in_memory: bool = False) -> Iterator[Service | None]:
    """Run the service; None if the supervisor is not installed. Nothing of it is left behind.

    `in_memory`: what the supervisor keeps of a service lies where it does with /run (places.py).
    """
    place = memory() if in_memory else None
    with tempfile.TemporaryDirectory(prefix="barepod-bench-", dir=place) as name:
        folder = Path(name)
        folder.chmod(0o755)
        environ = _environ()
        if place is not None:
            config = folder / "barepod.toml"
            config.write_text(f'[node]\nrun_dir = "{folder}/run"\n')
            environ["BAREPOD_CONFIG"] = str(config)
        fifo = folder / "born"
        os.mkfifo(fifo)
        command = supervisor.command(folder, _service(fifo))
        if command is None:
            yield None
            return
        pipe = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        log = (folder / "log").open("wb")
        begun = time.time()
        manager = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, cwd=folder
        )
        try:
            yield Service(manager, pipe, begun)
        except TimeoutError:
            sys.stderr.write((folder / "log").read_text(errors="replace"))
            raise
        finally:
            _end(manager)
            os.close(pipe)
            log.close()
            _remove_logs()


@contextmanager
def barepod_running(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`barepod run` with a manifest that `manifest` made; nothing of it is left behind."""
    manager = subprocess.Popen(
        (*barepod(), "run", str(path)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=_environ(),
    )
    try:
        yield manager
    finally:
        _end(manager)
        _remove_logs()


def own_seconds() -> float:
    """How long the service takes from its own execve until it tells the time."""
    script = 'echo $EPOCHREALTIME; exec bash -c "echo \\$EPOCHREALTIME"'
    spent = []
    for _ in range(15):
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, check=True)
        before, after = map(float, done.stdout.split())
        spent.append(after - before)
    return statistics.median(spent)


def barepod() -> Words:
    """The command as it is installed beside this Python, or as a module of this folder."""
    installed = Path(sys.executable).with_name("barepod")
    return (str(installed),) if installed.exists() else (sys.executable, "-m", "agent")


def manifest(*commands: Words, restart_policy: str = "Always") -> str:
    """A pod for each command, as text: YAML takes JSON as well, but people write YAML."""
    pods = []
    for number, command in enumerate(commands):
        words = "".join(f"        - {_quoted(word)}\n" for word in command)
        pods.append(
            f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {NAME}-{number}\nspec:\n"
            f"  restartPolicy: {restart_policy}\n  terminationGracePeriodSeconds: 1\n"
            f"  containers:\n    - name: main\n      image: none\n      command:\n{words}"
        )
    return "---\n".join(pods)


def _barepod(folder: Path, words: Words) -> Words:
    return _crowded(1, folder, words)


def _crowded(pods: int, folder: Path, words: Words) -> Words:
    (folder / "pod.yaml").write_text(manifest(words, *[SLEEPER] * (pods - 1)))
    return (*barepod(), "run", str(folder / "pod.yaml"))


def _supervisord(folder: Path, words: Words) -> Words | None:
    (folder / "supervisord.conf").write_text(
        f"[supervisord]\nnodaemon=true\nlogfile={folder}/supervisord.log\n"
        f"pidfile={folder}/supervisord.pid\n[program:main]\ncommand={' '.join(words)}\n"
    )
    return _python_peer("supervisord", "-c", f"{folder}/supervisord.conf")


def _circus(folder: Path, words: Words) -> Words | None:
    endpoints = "".join(
        f"{kind}endpoint = ipc://{folder}/{kind or 'main'}.sock\n" for kind in ("", "pubsub_")
    )
    (folder / "circus.ini").write_text(
        f"[circus]\n{endpoints}[watcher:main]\ncmd = {' '.join(words)}\n"
        f"warmup_delay = 0\ncheck_delay = {_CIRCUS_DELAY}\n"
    )
    return _python_peer("circusd", f"{folder}/circus.ini")


def _honcho(folder: Path, words: Words) -> Words | None:
    (folder / "Procfile").write_text(f"main: {' '.join(words)}\n")
    return _python_peer("honcho", "-f", f"{folder}/Procfile", "start")


def _script(path: Path, words: Words) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\nexec {' '.join(words)}\n")
    path.chmod(0o755)


def _s6(folder: Path, words: Words) -> Words | None:
    """Its fastest setting: a service that has said it is ready is restarted without a pause."""
    _script(folder / "service" / "run", words)
    run = folder / "service" / "run"
    run.write_text(run.read_text().replace("exec ", "echo >&3\nexec 3>&- "))
    (folder / "service" / "notification-fd").write_text("3\n")
    return _peer("s6-supervise", f"{folder}/service")


def _runit(folder: Path, words: Words) -> Words | None:
    _script(folder / "service" / "run", words)
    return _peer("runsv", f"{folder}/service")


def _dinit(folder: Path, words: Words) -> Words | None:
    (folder / "boot").write_text(
        f"type = process\ncommand = {' '.join(words)}\nrestart = true\nsmooth-recovery = true\n"
        "restart-delay = 0\n"
    )
    return _peer("dinit", "-d", str(folder), "-p", f"{folder}/control", "-q")


def _monit(folder: Path, words: Words) -> Words | None:
    """It looks once a second, which is its fastest; what it starts must go to the background."""
    run = folder / "run"
    _script(run, (*words, "&", "echo $!", f">{folder}/pid"))
    run.write_text(run.read_text().replace("exec ", ""))
    (folder / "monitrc").write_text(
        f"set daemon 1\nset log {folder}/monit.log\nset idfile {folder}/id\n"
        f"set statefile {folder}/state\nset pidfile {folder}/monit.pid\n"
        f'check process main with pidfile "{folder}/pid"\n'
        f'  start program = "{folder}/run"\n  stop program = "/bin/true"\n'
    )
    (folder / "monitrc").chmod(0o600)
    return _peer("monit", "-I", "-c", f"{folder}/monitrc")


def _systemd(folder: Path, words: Words) -> Words | None:
    if not Path("/run/systemd/system").is_dir():
        return None
    options = ("--quiet", "--wait", "--collect", f"--unit={NAME}-{os.getpid()}")
    return _peer("systemd-run", *options, "-p", "Restart=always", "-p", "RestartSec=0", *words)


SLEEPER = (_MAIN, "1000")
BAREPOD = Supervisor("barepod", _barepod)
#: The same service as the first one of so many pods.
CROWDS = {n: Supervisor(f"{n} pods", partial(_crowded, n)) for n in (1, 10, 100, 1000)}
PEERS = (
    Supervisor("dinit", _dinit),
    Supervisor("s6", _s6),
    Supervisor("runit", _runit),
    Supervisor("monit", _monit),
    Supervisor("systemd-run", _systemd),
    Supervisor("circus", _circus),
    Supervisor("honcho", _honcho),
    Supervisor("supervisord", _supervisord),
)


def _service(fifo: Path) -> Words:
    """One word of script without quotes or blanks inside: supervisors split differently."""
    script = fifo.with_name("service.sh")
    script.write_text(f"echo $$ $EPOCHREALTIME >{fifo}\nexec {' '.join(SLEEPER)}\n")
    return (shutil.which("bash") or "/bin/bash", str(script))


def _python_peer(program: str, *arguments: str) -> Words | None:
    beside = Path(sys.executable).with_name(program)
    return (str(beside), *arguments) if beside.exists() else _peer(program, *arguments)


def _peer(program: str, *arguments: str) -> Words | None:
    path = shutil.which(program)
    return None if path is None else (path, *arguments)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _environ() -> dict[str, str]:
    """Without what would make Python compile everything again at every start."""
    root = str(Path(__file__).parents[1])
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": root}


def _remove_logs() -> None:
    """Root's logs lie where nobody else looks."""
    for left in Path("/var/log/barepod/pods").glob(f"default_{NAME}*"):
        shutil.rmtree(left, ignore_errors=True)


def _end(manager: subprocess.Popen[bytes]) -> None:
    """Gracefully, or with everything that was started."""
    manager.terminate()
    try:
        manager.wait(_END_PATIENCE)
    except subprocess.TimeoutExpired:
        for pid in (*below(manager.pid), manager.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        manager.wait()


def mains(manager: int, count: int) -> set[int]:
    """Wait until so many sleepers run below a supervisor, looking for a tenth of the time."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        begun = time.monotonic()
        found = {pid for pid in below(manager) if _name(pid) == _MAIN}
        if len(found) == count:
            return found
        if begun > deadline:
            raise TimeoutError(f"{len(found)} of {count} processes within {_PATIENCE:g} s")
        time.sleep(max(_POLL, (time.monotonic() - begun) * 10))


def below(pid: int) -> list[int]:
    """All processes below a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found + [deeper for child in found for deeper in below(child)]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
