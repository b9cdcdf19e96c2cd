"""Every manifest in config/examples does what its annotation promises, for root and for others."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from agent import config
from agent.manifest.load import load
from tests.integration.run.conftest import needs_ordinary_user
from tests.support import barepod
from tests.support.barepod import Mode, Setup
from tests.support.examples import ANNOTATION, Expectation, parse, seen_of, unmet
from tests.support.needs import missing

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

FOLDER = barepod.ROOT / "config" / "examples"
CONFIG = barepod.ROOT / "config" / "barepod.toml"
EXAMPLES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".md")
_PATIENCE = 30.0
#: All ports of examples look like this.
_PORT = re.compile(r"\b18[01]\d\d\b")


@pytest.mark.parametrize("mode", ["cgroup", "user"], ids=["as-we-are", "as-nobody"])
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.name)
def test_an_example_does_what_it_promises(file: Path, mode: Mode, place: Path) -> None:
    if mode == "user":
        needs_ordinary_user()
    if "nginx" in file.name:
        needs_nginx()
    wait_for_free_ports(file)
    expected = expectations(file)

    with barepod.command(place, ["run", str(file), "-o", "json"], setup(mode)) as run:
        wait_for_promises(run, expected)
        if not any(one.ends for one in expected.values()):
            run.signal(2)
        code = run.wait()
        remove_files(run, expected)

    assert broken_promises(run, expected) == []
    assert code == 0


@pytest.mark.parametrize("name", ["job.yaml", "sidecar.yaml"])
def test_an_example_without_ports_runs_beside_itself(name: str, place: Path) -> None:
    file = FOLDER / name
    expected = expectations(file)
    places = [place / "one", place / "two"]
    for one in places:
        one.mkdir()
    command = ["run", str(file), "-o", "json"]

    with (
        barepod.command(places[0], command, setup("cgroup")) as first,
        barepod.command(places[1], command, setup("cgroup")) as second,
    ):
        codes = [run.wait() for run in (first, second)]

    assert [broken_promises(run, expected) for run in (first, second)] == [[], []]
    assert codes == [0, 0]


def test_nginx_serves_the_page_that_its_hook_wrote(place: Path) -> None:
    needs_nginx()
    file = FOLDER / "nginx-hooks.yaml"
    wait_for_free_ports(file)

    with barepod.command(place, ["run", str(file), "-o", "json"], setup("cgroup")) as run:
        wait_for_promises(run, expectations(file))
        with urllib.request.urlopen("http://127.0.0.1:18110/", timeout=5) as answer:
            page = answer.read()
        code = run.stop()

    assert page == b"hello from the postStart hook\n"
    assert code == 0


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.name)
def test_nothing_in_an_example_is_wrong_or_ignored(file: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "agent",
            "validate",
            str(file),
            "--config",
            str(CONFIG),
            "-o",
            "json",
        ],
        cwd=barepod.ROOT,
        capture_output=True,
        check=False,
        text=True,
    )

    report = json.loads(done.stdout)
    assert done.returncode == 0, report["problems"]
    assert [pod["remarks"] for pod in report["pods"]] == [[] for _ in report["pods"]]
    assert report["notes"] == []


def test_the_example_configuration_is_good_and_has_the_images() -> None:
    found = config.load(str(CONFIG), {"HOME": "/home/someone"}, 1000)

    assert found.images["nginx"].entrypoint == ("nginx",)


@pytest.mark.parametrize(
    "flow",
    ["init-dependencies", "nginx-hooks", "hooks-network", "liveness-exec", "liveness-tcp",
     "liveness-http", "readiness", "startup", "sidecar", "job", "quickstart"],
)  # fmt: skip
def test_every_flow_has_its_example(flow: str) -> None:
    assert (FOLDER / f"{flow}.yaml").is_file()


def test_the_toml_example_is_the_same_pod_as_the_yaml_one() -> None:
    yaml, toml = (load((str(FOLDER / f"quickstart.{kind}"),)) for kind in ("yaml", "toml"))

    assert toml.pods[0].pod == yaml.pods[0].pod


def expectations(file: Path) -> dict[str, Expectation]:
    """What the file promises of each of its pods."""
    manifest = load((str(file),))
    assert manifest.problems == ()
    return {
        loaded.pod.metadata.name: parse(loaded.pod.metadata.annotations[ANNOTATION])
        for loaded in manifest.pods
    }


def setup(mode: Mode) -> Setup:
    """The example configuration, but with files of the test and short back-off."""
    _, header, rest = CONFIG.read_text().partition("\n[env]")
    assert header
    return Setup(mode=mode, config=header + rest)


def wait_for_promises(run: barepod.Run, expected: dict[str, Expectation]) -> None:
    """Return when everything has happened, or when nothing can happen any more."""
    run.until(lambda: not broken_promises(run, expected), _PATIENCE)


def broken_promises(run: barepod.Run, expected: dict[str, Expectation]) -> list[str]:
    """What is not, or not yet, as the annotations say."""
    return [
        f"{name}: expected {text}"
        for name, expectation in expected.items()
        for text in unmet(expectation, seen_of(tuple(run.changes), name))
    ]


def remove_files(run: barepod.Run, expected: dict[str, Expectation]) -> None:
    """What an example leaves in /tmp for its user to look at."""
    for name in expected:
        uid = run.pod(name).metadata.uid
        shutil.rmtree(f"/tmp/barepod-{uid}", ignore_errors=True)


def needs_nginx() -> None:
    """Skip where nginx is not installed; in CI that is a failure."""
    path = config.load(str(CONFIG), os.environ, os.geteuid()).images["nginx"].env["PATH"]
    if shutil.which("nginx", path=path):
        return
    missing("needs nginx (Debian: apt-get install nginx-light)")


def wait_for_free_ports(file: Path) -> None:
    """The ports of examples are fixed, so a run elsewhere on this machine must end first."""
    deadline = time.monotonic() + _PATIENCE
    for port in sorted({int(text) for text in _PORT.findall(file.read_text())}):
        while not is_free(port):
            if time.monotonic() > deadline:
                pytest.fail(f"port {port} is taken by another program")
            time.sleep(0.1)


def is_free(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
