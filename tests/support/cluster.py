"""The real `barepod agent` in a process of its own, and the real kubectl against it.

with cluster.serving(place) as agent:
    space = agent.space("team")
    done = space.kubectl("get", "pods")

Every test takes a namespace of its own, so that one agent serves a whole module.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support import barepod
from tests.support.barepod import Run, Setup
from tests.support.haproxy import free_port
from tests.support.kubectl import Done, advice, kubectl
from tests.support.needs import missing

T = TypeVar("T")

SERVES = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
_PATIENCE = 25.0
_LOOK_AGAIN = 0.05


class Cluster:
    """An agent with its API."""

    def __init__(self, run: Run, place: Path, port: int, health: int) -> None:
        """`health` is the port of its plain HTTP."""
        self.run = run
        self.port = port
        self.health = health
        self.place = place
        self._home = place / "home"
        self._home.mkdir(exist_ok=True)

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        return self.place / "state" / "kubeconfig"

    @property
    def authority(self) -> Path:
        return self.place / "state" / "pki" / "ca.crt"

    def token(self, name: str = "admin") -> str:
        return (self.place / "state" / "pki" / f"{name}.token").read_text().strip()

    @property
    def log(self) -> str:
        """What the agent has logged."""
        return self.run.stderr

    def kubectl(
        self,
        *arguments: str,
        stdin: str | bytes = "",
        version: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> Done:
        """Run kubectl to its end, of a minor version if one is given."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            self.command(*arguments, version=version),
            input=given,
            capture_output=True,
            env={**self.environ, **(environ or {})},
            timeout=_PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    @contextmanager
    def following(self, *arguments: str, version: str = "") -> Iterator[Follower]:
        """Run kubectl beside the test, and look at what it prints."""
        process = subprocess.Popen(
            self.command(*arguments, version=version),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environ,
        )
        try:
            yield Follower(process)
        finally:
            process.kill()
            process.communicate()

    def command(self, *arguments: str, version: str = "") -> list[str]:
        """How kubectl is called; skips or fails where it is missing."""
        program = kubectl(version)
        if program is None:
            missing(advice(version))
        return [program, *arguments]

    @property
    def environ(self) -> dict[str, str]:
        """What kubectl needs to know."""
        return {**os.environ, "HOME": str(self._home), "KUBECONFIG": str(self.kubeconfig)}

    def space(self, name: str) -> Space:
        """A namespace of this name, made now."""
        made = self.kubectl("create", "namespace", name)
        assert made.out == f"namespace/{name} created\n", made.err
        return Space(self, name)


class Space:
    """One namespace."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def kubectl(self, *arguments: str, **options: Any) -> Done:
        """The same as the cluster's, in this namespace."""
        return self.cluster.kubectl("--namespace", self.name, *arguments, **options)

    @contextmanager
    def following(self, *arguments: str, version: str = "") -> Iterator[Follower]:
        """The same as the cluster's, in this namespace."""
        namespace = ("--namespace", self.name)
        with self.cluster.following(*namespace, *arguments, version=version) as follower:
            yield follower

    def does(self, *arguments: str, **options: Any) -> str:
        """What kubectl prints when all goes well."""
        done = self.kubectl(*arguments, **options)
        assert (done.code, done.err) == (0, ""), (arguments, done)
        return done.out

    def fails(self, *arguments: str, **options: Any) -> str:
        """What kubectl complains of."""
        done = self.kubectl(*arguments, **options)
        assert done.code != 0, (arguments, done)
        return done.err

    def create(self, manifest: Mapping[str, Any]) -> None:
        """Create an object."""
        self.does("create", "-f", "-", stdin=json.dumps(manifest))

    def get(self, *arguments: str) -> Any:
        """An object as it is."""
        return json.loads(self.does("get", *arguments, "-o", "json"))

    def ready(self, name: str = "web") -> None:
        """Wait until a pod is ready."""
        said = self.does("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=20s")
        assert said == f"pod/{name} condition met\n"

    def run(self, script: str = SERVES, name: str = "web", **spec: Any) -> None:
        """Create a pod and wait until it is ready."""
        self.create(manifest(script, name, **spec))
        self.ready(name)

    def row(self, name: str = "web") -> list[str]:
        """The words of a pod's line."""
        return self.does("get", "pod", name, "--no-headers").split()

    def until(self, fact: Callable[[], T]) -> T:
        """Wait for a fact that nobody tells us."""
        deadline = time.monotonic() + _PATIENCE
        while not (found := fact()):
            if time.monotonic() > deadline:
                pytest.fail(f"it did not happen in time\n{self.kubectl('get', 'pods,events').out}")
            time.sleep(_LOOK_AGAIN)
        return found

    def reasons(self, name: str = "web") -> list[str]:
        """The reasons of a pod's events."""
        field = f"--field-selector=involvedObject.name={name}"
        return self.does("get", "events", field, "-o", "jsonpath={.items[*].reason}").split()


class Follower:
    """A kubectl that goes on."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []

    def until(self, fact: Callable[[list[str]], bool]) -> list[str]:
        """Read lines until they say this; all of them."""
        assert self.process.stdout is not None
        while not fact(self.lines):
            line = self.process.stdout.readline()
            if not line:
                pytest.fail(f"kubectl ended: {self.lines}")
            self.lines.append(line.decode().rstrip("\n"))
        return self.lines

    def until_line(self, part: str) -> str:
        """Read until a line has this in it; that line."""
        return next(line for line in self.until(lambda lines: _has(lines, part)) if part in line)


def _has(lines: list[str], part: str) -> bool:
    return any(part in line for line in lines)


@contextmanager
def serving(place: Path) -> Iterator[Cluster]:
    """Start an agent with an API; in the end nothing of it is left, or the test fails."""
    (place / "manifests").mkdir()
    port, health = free_port(), free_port()
    setup = Setup(
        output="text",
        health=f"127.0.0.1:{health}",
        crash_loop=(0.5, 4),
        node={"name": "vm-1", "manifest_dir": str(place / "manifests")},
        config=f'[api]\nlisten = "127.0.0.1:{port}"',
    )
    with barepod.command(place, ["agent"], setup) as run:
        run.until(lambda: "agent is ready" in run.stderr)
        yield Cluster(run, place, port, health)
        assert "internal error" not in run.stderr
        assert "Traceback" not in run.stderr


def manifest(script: str = SERVES, name: str = "web", **spec: Any) -> dict[str, Any]:
    """A pod with one container, `main`, that runs a shell script as it is written."""
    fields = spec.pop("container", {})
    command = ["sh", "-c", script.replace("$", "$$")]
    container = {"name": "main", "image": "busybox", "command": command, **fields}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 2, **spec},
    }
