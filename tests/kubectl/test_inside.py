"""Logs, exec, attach, cp, port-forward, run: kubectl in a container."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import termios
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cluster import SERVES, Cluster, Follower, Space, manifest
from tests.support.haproxy import free_port

pytestmark = pytest.mark.integration

_TALKS = f"echo one; echo two; echo three >&2; {SERVES}"


def test_logs_in_every_cut(space: Space) -> None:
    space.create(manifest(_TALKS))
    space.until(lambda: len(space.kubectl("logs", "web").out.splitlines()) == 3)

    assert space.does("logs", "web", "--tail=1") in ("two\n", "three\n")
    assert space.does("logs", "web", "--tail=0") == ""
    assert space.does("logs", "web", "--limit-bytes=3") == "one"
    assert len(space.does("logs", "web", "--since=1h").splitlines()) == 3
    assert space.does("logs", "web", "--since-time=2999-01-01T00:00:00Z") == ""
    first = space.does("logs", "web", "--timestamps").splitlines()[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one", first)
    assert "[pod/web/main] one" in space.does("logs", "-l", "app=web", "--prefix")


def test_logs_of_several_containers(space: Space) -> None:
    other = manifest("echo other")["spec"]["containers"][0] | {"name": "other"}
    before = manifest("echo before")["spec"]["containers"][0] | {"name": "before"}
    text = manifest(_TALKS, initContainers=[before])
    text["spec"]["containers"].append(other)
    space.create(text)
    space.until(lambda: "other" in space.kubectl("logs", "web", "-c", "other").out)

    chosen = space.kubectl("logs", "web", "--tail=1")
    assert chosen.err == 'Defaulted container "main" out of: main, other, before (init)\n'
    everything = space.does("logs", "web", "--all-containers", "--prefix")
    assert {"[pod/web/before] before", "[pod/web/main] one"} < set(everything.splitlines())
    assert "container nope is not valid for pod web" in space.fails("logs", "web", "-c", "nope")
    raw = f"/api/v1/namespaces/{space.name}/pods/web/log"
    assert "a container name must be specified for pod web, choose one of: [main other]" in (
        space.fails("get", "--raw", raw)
    )


def test_logs_are_followed_to_the_end(space: Space, tmp_path: Path) -> None:
    script = f"echo one; until [ -e {tmp_path}/go ]; do sleep 0.05; done; echo two"
    space.create(manifest(script, restartPolicy="Never"))
    space.until(lambda: space.row()[2] == "Running")
    with space.following("logs", "-f", "web") as log:
        log.until_line("one")
        (tmp_path / "go").touch()
        log.until_line("two")
        assert log.process.wait(20) == 0


def test_logs_of_the_run_before(space: Space) -> None:
    space.create(manifest("echo run $$; exit 1", container={"env": []}))
    space.until(lambda: int(space.row()[3]) >= 1)

    assert space.does("logs", "web", "-p").startswith("run ")
    space.run(name="young")
    told = space.fails("logs", "young", "-p")
    assert 'previous terminated container "main" in pod "young" not found' in told


def test_exec_says_how_it_ended(space: Space) -> None:
    space.run()

    assert space.does("exec", "web", "--", "echo", "a b", "c") == "a b c\n"
    done = space.kubectl("exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.code, done.out) == (3, "out\n")
    assert done.err == "err\ncommand terminated with exit code 3\n"
    assert space.does("exec", "-i", "web", "--", "wc", "-c", stdin="x" * 3_000_000) == "3000000\n"
    assert len(space.does("exec", "web", "--", "head", "-c", "3000000", "/dev/zero")) == 3_000_000
    told = space.fails("exec", "web", "--", "no-such-program")
    assert 'exec: "no-such-program": executable file not found in $PATH' in told
    told = space.fails("exec", "web", "-c", "nope", "--", "true")
    assert told == "Error from server (BadRequest): container nope is not valid for pod web\n"
    told = space.fails("exec", "nope", "--", "true")
    assert told == 'Error from server (NotFound): pods "nope" not found\n'


class _Screen:
    """A terminal that kubectl runs on."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self.text = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        termios.tcsetwinsize(self._master, (rows, columns))
        self.process.send_signal(signal.SIGWINCH)

    def until(self, part: str) -> None:
        """Read until the screen has shown this."""
        while part not in self.text:
            try:
                piece = os.read(self._master, 4096)
            except OSError:
                pytest.fail(f"the terminal was closed: {self.text!r}")
            self.text += piece.decode()

    def end(self) -> int:
        """How kubectl ended, with the rest of what it shows."""
        try:
            while piece := os.read(self._master, 4096):
                self.text += piece.decode()
        except OSError:
            pass
        return self.process.wait(20)


@contextmanager
def _screen(space: Space, *arguments: str) -> Iterator[_Screen]:
    cluster = space.cluster
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (33, 101))
    process = subprocess.Popen(
        cluster.command("--namespace", space.name, *arguments),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=cluster.environ,
    )
    os.close(slave)
    try:
        yield _Screen(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_exec_on_a_terminal(space: Space) -> None:
    space.run()
    # The size comes by another channel than what is typed: look at it again and again.
    script = (
        "while stty size; do read -t 0.1 x; code=$?; [ $code = 1 ] && exit 4; "
        '[ $code = 0 ] && echo "[$x]"; done'
    )

    with _screen(space, "exec", "-it", "web", "--", "bash", "-c", script) as screen:
        screen.until("33 101")
        screen.type("hello\r")
        screen.until("[hello]")
        screen.resize(20, 60)
        screen.until("20 60")
        screen.type("\x04")
        code = screen.end()

    assert code == 4, screen.text


def test_attach_sees_and_types(space: Space) -> None:
    ticks = "while :; do echo tick; sleep 0.05; done"
    space.run(f"{ticks} & while read x; do echo got $x; done; wait", container={"stdin": True})

    with space.following("attach", "web") as looking:
        looking.until_line("tick")
        done = space.kubectl("attach", "-i", "web", stdin="one\n")
        looking.until_line("got one")

    assert done.code == 0


def test_attach_to_a_terminal(space: Space) -> None:
    sizes = "while :; do stty size <&3; sleep 0.05; done"
    script = f"exec 3<&0; {sizes} & read x; echo got $x; wait"
    space.run(script, container={"stdin": True, "tty": True})

    with _screen(space, "attach", "-it", "web") as screen:
        screen.until("33 101")
        screen.type("hello\r")
        screen.until("got hello")


@pytest.mark.parametrize(("script", "code"), [("cat", 0), ("cat; exit 5", 5)])
def test_run_passes_on_input_and_the_exit_code(space: Space, script: str, code: int) -> None:
    run = ("run", "once", "--image=busybox", "--restart=Never", "--rm", "-i", "--command", "--")

    done = space.kubectl(*run, "sh", "-c", script, stdin="typed\n")

    assert done.code == code, done
    assert "typed\n" in done.out
    assert 'pod "once" deleted' in done.out
    assert "not found" in space.fails("get", "pod", "once")


def test_run_on_a_terminal(space: Space) -> None:
    run = ("run", "once", "--image=busybox", "--restart=Never", "--rm", "-it", "--command", "--")
    with _screen(space, *run, "sh", "-c", "read x; echo [$x]; exit 6") as screen:
        screen.until("try pressing enter.")
        screen.type("hello\r")
        code = screen.end()

    assert "[hello]" in screen.text
    assert code == 6


def test_run_and_forget(space: Space) -> None:
    assert space.does("run", "web", "--image=busybox", "--command", "--", "sleep", "100") == (
        "pod/web created\n"
    )
    space.ready()
    assert space.get("pod", "web")["metadata"]["labels"] == {"run": "web"}
    space.does("delete", "pod", "web", "--now")


def test_files_are_copied_both_ways(space: Space, tmp_path: Path) -> None:
    space.run()
    source, there, back = tmp_path / "source", tmp_path / "there", tmp_path / "back"
    (source / "deep").mkdir(parents=True)
    there.mkdir()
    (source / "deep" / "a.txt").write_text("hello")
    (source / "b.bin").write_bytes(os.urandom(500_000))

    space.does("cp", str(source), f"web:{there}")
    assert (there / "source" / "deep" / "a.txt").read_text() == "hello"
    space.kubectl("cp", f"web:{there}/source", str(back))
    assert (back / "b.bin").read_bytes() == (source / "b.bin").read_bytes()


@contextmanager
def _forwarding(space: Space, *ports: str) -> Iterator[Follower]:
    with space.following("port-forward", "pod/web", *ports) as forward:
        forward.until_line("Forwarding from 127.0.0.1")
        yield forward


def _server(port: int, folder: Path) -> str:
    return f"exec python3 -m http.server {port} --bind 127.0.0.1 --directory {folder}"


def test_ports_are_forwarded(space: Space, tmp_path: Path) -> None:
    port, ours = free_port(), free_port()
    content = os.urandom(2_000_000)
    (tmp_path / "file").write_bytes(content)
    ready = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    space.run(_server(port, tmp_path), container={"readinessProbe": ready})

    with _forwarding(space, f"{ours}:{port}"):
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{ours}/file") as answer:
                assert answer.read() == content


def test_a_port_where_nobody_listens_is_told(space: Space) -> None:
    ours, port = free_port(), free_port()
    space.run()

    with _forwarding(space, f"{ours}:{port}") as forward:
        with pytest.raises(OSError, match=r".+"):
            urllib.request.urlopen(f"http://127.0.0.1:{ours}/", timeout=20)
        forward.until_line("connection refused")


def test_what_has_ended_is_not_entered(space: Space) -> None:
    space.create(manifest("exit 0", restartPolicy="Never"))
    space.does("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/web")

    told = space.fails("exec", "web", "--", "true")
    assert "cannot exec into a container in a completed pod; current phase is Succeeded" in told


def test_a_container_that_waits_has_no_log(space: Space, cluster: Cluster) -> None:
    env = [{"name": "V", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "k"}}}]
    space.create(manifest(container={"env": env}))
    space.until(lambda: space.row()[2] == "CreateContainerConfigError")

    told = space.fails("logs", "web")
    assert 'container "main" in pod "web" is waiting to start: CreateContainerConfigError' in told
