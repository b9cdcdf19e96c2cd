"""`barepod probe` against real servers and with real commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import barepod, servers

pytestmark = pytest.mark.integration

Fields = dict[str, Any]


class Folder:
    """Where the manifests and the configuration of a test lie."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "barepod.toml").write_text('[env]\nFROM_NODE = "yes"\n')

    def arguments(self, *containers: Fields, options: tuple[str, ...] = ()) -> list[str]:
        manifest = barepod.pod(*containers, name="web")
        file = self.path / "pod.json"
        file.write_text(json.dumps(manifest))
        config = str(self.path / "barepod.toml")
        return [sys.executable, "-m", "agent", "probe", str(file), "--config", config, *options]

    def probe(
        self, *containers: Fields, options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.arguments(*containers, options=options),
            cwd=barepod.ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )

    def rows(self, *containers: Fields) -> tuple[int, list[Fields]]:
        done = self.probe(*containers, options=("-o", "json"))
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def web_port() -> Iterator[int]:
    """A server that answers 200 for `/` and 503 for `/broken`."""
    with servers.http({"/": 200, "/broken": 503}) as server:
        yield server.port


def web(port: int, **probes: Fields) -> Fields:
    ports = [{"name": "http", "containerPort": port}]
    return barepod.container("true", name="main", ports=ports, **probes)


def http(path: str, **fields: Any) -> Fields:
    return {"httpGet": {"path": path, "port": "http"}, **fields}


def sh(script: str, **fields: Any) -> Fields:
    return {"exec": {"command": ["sh", "-c", script]}, **fields}


def test_the_table_shows_every_probe_with_its_result(folder: Folder, web_port: int) -> None:
    container = web(
        web_port,
        startupProbe={"tcpSocket": {"port": "http"}},
        readinessProbe=http("/"),
        livenessProbe=sh("exit 3"),
    )

    done = folder.probe(container)

    header, *rows = done.stdout.splitlines()
    assert header.split() == ["CONTAINER", "KIND", "RESULT", "TIME", "PROBE", "MESSAGE"]
    assert [row.split()[:3] for row in rows] == [
        ["web/main", "startup", "success"],
        ["web/main", "readiness", "success"],
        ["web/main", "liveness", "failure"],
    ]
    described = "http-get http://:http/ delay=0s timeout=1s period=10s #success=1 #failure=3"
    assert described in rows[1]
    assert rows[1].endswith("   ok")
    assert rows[2].endswith("   exit code 3")
    assert done.returncode == 1


def test_all_good_is_exit_code_0(folder: Folder, web_port: int) -> None:
    code, rows = folder.rows(web(web_port, readinessProbe=http("/"), livenessProbe=http("/")))

    assert [row["result"] for row in rows] == ["success", "success"]
    assert all(0 < row["milliseconds"] < 1000 for row in rows)
    assert code == 0


def test_a_refusal_and_a_bad_status_are_told_in_the_words_of_a_kubelet(
    folder: Folder, web_port: int
) -> None:
    with servers.closed_port() as closed:
        code, rows = folder.rows(
            web(web_port, livenessProbe=http("/broken")),
            barepod.container("true", name="db", livenessProbe={"tcpSocket": {"port": closed}}),
        )

    assert [(row["container"], row["result"], row["message"]) for row in rows] == [
        ("main", "failure", "HTTP probe failed with statuscode: 503"),
        ("db", "failure", f"dial tcp 127.0.0.1:{closed}: connect: connection refused"),
    ]
    assert code == 1


def test_the_timeout_of_a_probe_ends_it(folder: Folder) -> None:
    with servers.accepting_and_hanging() as port:
        code, rows = folder.rows(web(port, livenessProbe=http("/", timeoutSeconds=1)))

    (row,) = rows
    assert row["result"] == "failure"
    assert row["message"].endswith("Client.Timeout exceeded while awaiting headers)")
    assert 900 < row["milliseconds"] < 5000
    assert code == 1


def test_a_command_gets_the_environment_and_folder_of_its_container(
    folder: Folder, tmp_path: Path
) -> None:
    script = 'echo "$NAME $FROM_NODE $(pwd)"; test -z "$AGENTS_OWN"'
    container = barepod.container(
        "true",
        name="main",
        workingDir=str(tmp_path),
        env=[{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        livenessProbe=sh(script.replace("$(", "$$(")),
    )
    os.environ["AGENTS_OWN"] = "x"
    try:
        code, rows = folder.rows(container)
    finally:
        del os.environ["AGENTS_OWN"]

    assert rows[0]["message"] == f"web yes {tmp_path}\n"
    assert code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_command_runs_as_the_user_of_its_container(folder: Folder) -> None:
    container = barepod.container(
        "true",
        name="main",
        securityContext={"runAsUser": barepod.NOBODY},
        livenessProbe={"exec": {"command": ["id", "-u"]}},
    )

    _, rows = folder.rows(container)

    assert rows[0]["message"] == f"{barepod.NOBODY}\n"


def test_an_image_without_a_meaning_does_not_keep_its_probes_from_running(folder: Folder) -> None:
    container = {"name": "main", "image": "nginx", "livenessProbe": sh("true")}

    assert folder.rows(container)[0] == 0


def test_a_command_that_cannot_be_prepared_is_an_error(folder: Folder) -> None:
    missing = {"secretKeyRef": {"name": "login", "key": "password"}}
    container = barepod.container(
        "true", name="main", env=[{"name": "A", "valueFrom": missing}], livenessProbe=sh("true")
    )

    code, rows = folder.rows(container)

    assert (rows[0]["result"], rows[0]["message"]) == (
        "error",
        'CreateContainerConfigError: secret "login" not found',
    )
    assert code == 1


def test_what_a_command_leaves_behind_is_killed(folder: Folder, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"setsid sleep 300 >/dev/null 2>&1 & echo $! > {pid_file}"

    code, _ = folder.rows(barepod.container("true", name="main", livenessProbe=sh(script)))

    assert code == 0
    assert not is_alive(int(pid_file.read_text()))


def test_only_the_wanted_container_is_asked(folder: Folder) -> None:
    containers = [
        barepod.container("true", name=name, livenessProbe=sh("true")) for name in ("a", "b")
    ]

    done = folder.probe(*containers, options=("--container", "b"))

    assert [row.split()[0] for row in done.stdout.splitlines()[1:]] == ["web/b"]


def test_an_unknown_container_is_bad_usage(folder: Folder) -> None:
    done = folder.probe(barepod.container("true", name="a"), options=("--container", "b"))

    assert done.stderr == "there is no container 'b'; there are: a\n"
    assert done.returncode == 2


def test_a_manifest_without_probes_succeeds_and_says_so(folder: Folder) -> None:
    done = folder.probe(barepod.container("true", name="a"))

    assert done.stderr.endswith("pod.json: no container has a probe\n")
    assert (done.stdout, done.returncode) == ("", 0)


def test_a_refused_manifest_runs_nothing(folder: Folder, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    container = barepod.container("true", name="A B", livenessProbe=sh(f"touch {witness}"))

    done = folder.probe(container)

    assert "spec.containers[0].name: Invalid value" in done.stderr
    assert done.returncode == 2
    assert not witness.exists()


def test_an_interrupt_ends_it_at_once_and_leaves_nothing(folder: Folder, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"echo $$$$ > {pid_file}.new; mv {pid_file}.new {pid_file}; sleep 300"
    arguments = folder.arguments(
        barepod.container("true", name="main", livenessProbe=sh(script, timeoutSeconds=300))
    )
    with subprocess.Popen(arguments, cwd=barepod.ROOT, stdout=subprocess.DEVNULL) as process:
        wait_for_file(pid_file)
        process.send_signal(signal.SIGINT)
        code = process.wait(10)

    assert code == 130
    assert not is_alive(int(pid_file.read_text()))


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def wait_for_file(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)
