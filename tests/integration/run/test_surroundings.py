"""What does a container's process find around itself: environment, descriptors, session, limits?"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.run.conftest import needs_ordinary_user, open_place
from tests.support import barepod
from tests.support.barepod import NOBODY, Setup, container, hook, pod, probe, python, sh

pytestmark = pytest.mark.integration

#: Prints what a process knows about itself.
_LOOK = """
import json, os, signal
def mask(name):
    text = open('/proc/self/status').read()
    return int(text.partition(name + ':')[2].split()[0], 16)
umask = os.umask(0)
print(json.dumps({
    'env': dict(os.environ), 'cwd': os.getcwd(), 'umask': umask,
    'fds': {n: os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd')
            if os.path.exists('/proc/self/fd/' + n)},
    'session': os.getsid(0) == os.getpid(), 'group': os.getpgid(0) == os.getpid(),
    'ids': [os.getuid(), os.getgid(), sorted(os.getgroups())],
    'ignored': mask('SigIgn'), 'blocked': mask('SigBlk'),
    'nice': os.nice(0), 'oom': open('/proc/self/oom_score_adj').read().strip(),
}))
"""
_CONFIG = """
[env]
LANG = "C.UTF-8"
[images."shop"]
cmd = ["true"]
env = { FROM_IMAGE = "yes", SHARED = "image" }
working_dir = "/tmp"
"""
_OURS = {"BAREPOD_CONFIG": "", "PYTHONPATH": "x", "NOTIFY_SOCKET": "/x", "SECRET": "of the agent"}


def look(name: str, **fields: Any) -> barepod.Fields:
    return python(_LOOK, name, **fields)


@pytest.fixture(scope="module")
def seen() -> Iterator[dict[str, Any]]:
    """What several containers saw, in one run."""
    variables = [
        {"name": "SHARED", "value": "pod"},
        {"name": "WHO", "value": "$(SHARED)-$(POD)-$(MISSING)"},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "LATE", "value": "$(POD)"},
    ]
    manifest = pod(
        look("plain"),
        look("shop", image="shop:1", env=variables),
        look("elsewhere", image="shop:1", workingDir="/usr"),
        hostname="inn",
    )
    with open_place() as folder:
        with barepod.run(folder, manifest, setup=Setup(config=_CONFIG, environ=_OURS)) as run:
            assert run.wait() == 0
            yield {name: json.loads(run.said(name)) for name in ("plain", "shop", "elsewhere")}


def test_the_environment_is_the_manifests_the_hosts_path_and_home_and_nothing_else(
    seen: dict[str, Any],
) -> None:
    env = dict(seen["plain"]["env"])

    log = env.pop("BAREPOD_TERMINATION_LOG")
    assert env.pop("PATH") == os.environ["PATH"]
    env.pop("LC_CTYPE", None)  # Python's own doing
    assert env == {"HOSTNAME": "inn", "HOME": str(Path.home()), "LANG": "C.UTF-8"}
    assert log.endswith("/plain.0")


def test_the_manifests_variables_win_over_the_images(seen: dict[str, Any]) -> None:
    env = seen["shop"]["env"]

    assert env["FROM_IMAGE"] == "yes"
    assert env["SHARED"] == "pod"
    assert env["WHO"] == "pod-$(POD)-$(MISSING)"
    assert (env["POD"], env["LATE"]) == ("p", "p")


def test_the_working_directory_is_the_manifests_else_the_images_else_the_root(
    seen: dict[str, Any],
) -> None:
    assert [seen[name]["cwd"] for name in ("elsewhere", "shop", "plain")] == ["/usr", "/tmp", "/"]


def test_stdin_is_empty_and_no_descriptor_is_inherited(seen: dict[str, Any]) -> None:
    fds = seen["plain"]["fds"]

    assert set(fds) == {"0", "1", "2"}
    assert fds["0"] == "/dev/null"
    assert fds["1"].startswith("pipe:")
    assert fds["2"].startswith("pipe:")
    assert fds["1"] != fds["2"]


def test_it_leads_a_session_with_the_usual_mask_and_default_signals(seen: dict[str, Any]) -> None:
    plain = seen["plain"]

    assert plain["session"]
    assert plain["group"]
    assert plain["umask"] == 0o022
    assert plain["blocked"] == 0
    # Python itself ignores SIGPIPE and SIGXFSZ; 32 and 33 are the C library's own.
    ours = plain["ignored"] & (1 << 31) - 1
    assert ours == 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1


def test_users_and_groups_are_those_of_the_security_context(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    script = "id -u; id -g; id -G; echo $HOME"
    other = sh(script, "other", securityContext={"runAsUser": NOBODY, "runAsGroup": 1234})
    manifest = pod(
        sh(script, "pods"),
        other,
        securityContext={"runAsUser": 4321, "fsGroup": 77, "supplementalGroups": [88]},
    )
    with barepod.run(place, manifest) as run:
        assert run.wait() == 0
        assert run.said("pods").split() == ["4321", "0", "0", "77", "88", "/"]
        lines = run.said("other").splitlines()
        assert lines[:2] == [str(NOBODY), "1234"]
        assert sorted(lines[2].split()) == ["1234", "77", "88"]


def test_an_ordinary_user_runs_pods_as_himself(place: Path) -> None:
    needs_ordinary_user()
    main = sh("id -u; ulimit -n; exec sleep 1000", readinessProbe=probe("true"))
    with barepod.run(place, pod(main), setup=Setup(mode="user")) as run:
        run.until(lambda: run.is_ready and run.said())

        assert run.said().split()[0] == str(NOBODY)
        assert run.stop() == 0


def test_an_ordinary_user_cannot_run_a_pod_as_another_one(place: Path) -> None:
    needs_ordinary_user()
    main = sh("id -u", securityContext={"runAsUser": 4321})
    with barepod.run(place, pod(main), setup=Setup(mode="user")) as run:
        run.until(lambda: run.waits_for("CreateContainerConfigError"))

        why = f"cannot run as user 4321: barepod runs as user {NOBODY}, not as root"
        assert run.messages("Failed")[0] == f"Error: {why}"
        assert run.stop() == 0


def test_probes_and_hooks_find_what_their_container_finds(place: Path) -> None:
    tell = f'{sys.executable} -I -S -c "$CODE"'
    main = sh(
        "echo $$PPID > /dev/null; sleep 1000",
        env=[{"name": "CODE", "value": _LOOK}],
        workingDir=str(place),
        lifecycle={"postStart": hook(f"{tell} > hook.json")},
        readinessProbe=probe(f"{tell} > probe.json.new; mv probe.json.new probe.json"),
    )
    with barepod.run(place, pod(main), setup=Setup(environ=_OURS)) as run:
        run.until(lambda: run.is_ready)
        for name in ("hook", "probe"):
            found = json.loads((place / f"{name}.json").read_text())
            assert "SECRET" not in found["env"]
            assert found["env"]["HOSTNAME"] == "p"
            assert found["cwd"] == str(place)
            assert found["umask"] == 0o022
            assert set(found["fds"]) == {"0", "1", "2"}
            assert found["fds"]["0"] == "/dev/null"
            assert found["blocked"] == 0


def test_stdin_stays_open_when_it_is_asked_for(place: Path) -> None:
    code = "import select, os; print(select.select([0], [], [], 0.1)[0], os.isatty(0))"
    with barepod.run(place, pod(python(code, stdin=True), python(code, "tty", tty=True))) as run:
        assert run.wait() == 0
        assert run.said() == "[] False\n"
        assert run.said("tty") == "[] True\n"


def test_a_terminal_is_the_controlling_one(place: Path) -> None:
    with barepod.run(place, pod(sh("tty; echo x >/dev/tty", tty=True))) as run:
        assert run.wait() == 0
        assert run.said().startswith("/dev/pts/")
        assert "x" in run.said()


def test_the_stop_signal_is_the_images(place: Path) -> None:
    config = '[images."nginx"]\nentrypoint = ["nginx"]\nstop_signal = "SIGQUIT"'
    script = "trap 'echo quit; exit 0' QUIT; echo up; while :; do sleep 0.05; done"
    main = {**sh(script), "image": "docker.io/library/nginx:1.27"}
    with barepod.run(place, pod(main), setup=Setup(config=config)) as run:
        run.until(lambda: "up" in run.said())

        assert run.stop() == 0
        assert run.said() == "up\nquit\n"


def test_command_and_args_replace_the_images_entrypoint_and_cmd(place: Path) -> None:
    config = '[images."say"]\nentrypoint = ["echo", "image"]\ncmd = ["default"]'
    manifest = pod(
        {"name": "none", "image": "say"},
        {"name": "args", "image": "say", "args": ["mine"]},
        {"name": "both", "image": "say", "command": ["echo"], "args": ["all"]},
        {"name": "command", "image": "say", "command": ["echo", "only"]},
    )
    with barepod.run(place, manifest, setup=Setup(config=config)) as run:
        assert run.wait() == 0
        said = {name: run.said(name).strip() for name in ("none", "args", "both", "command")}
        assert said == {
            "none": "image default",
            "args": "image mine",
            "both": "all",
            "command": "only",
        }


def test_values_come_from_config_maps_and_secrets_of_the_same_file(place: Path) -> None:
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"COLOUR": "red"},
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys"},
        "data": {"key": "c2VzYW1l"},
    }
    main = sh(
        "echo $COLOUR $KEY",
        envFrom=[{"configMapRef": {"name": "settings"}}],
        env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}}],
    )
    with barepod.run(place, config_map, secret, pod(main)) as run:
        assert run.wait() == 0
        assert run.said() == "red sesame\n"


def test_limits_that_are_not_enforced_are_told_once(place: Path) -> None:
    main = container("sleep", "0.1", resources={"limits": {"memory": "64Mi"}})
    manifest = pod(main, restartPolicy="Always")
    with barepod.run(place, manifest, setup=Setup(mode="subreaper")) as run:
        run.until(lambda: run.is_running(restarts=2))

        assert len(run.events("LimitsNotEnforced")) == 1
        assert run.events("LimitsNotEnforced")[0].count == 1
