"""The file of the termination message, where the manifest says that it is."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.integration.run.conftest import may_mount, needs_ordinary_user
from tests.support import barepod
from tests.support.barepod import Fields, Run, Setup, hook, pod, sh
from tests.support.volumes import NO_NAMESPACES

pytestmark = pytest.mark.integration

#: Kubernetes' own example, without its sleep.
TUTORIAL = "echo Sleep expired > /dev/termination-log"
USUAL = Path("/dev/termination-log")


@pytest.fixture(autouse=True)
def where_mounts_are_permitted() -> None:
    """Or nothing of this can be tested."""
    may_mount()


def message(run: Run, name: str = "c") -> str:
    terminated = run.status(name).state.terminated
    assert terminated is not None
    return terminated.message


def test_the_usual_path_is_each_containers_own_and_goes_with_them(place: Path) -> None:
    here = USUAL.exists()
    with barepod.run(place, pod(sh(TUTORIAL, "a"), sh(TUTORIAL.replace("S", "Z"), "b"))) as run:
        assert run.wait() == 0
        assert message(run, "a") == "Sleep expired\n"
        assert message(run, "b") == "Zleep expired\n"
    assert USUAL.exists() == here


def test_an_ordinary_user_finds_it_too(place: Path) -> None:
    needs_ordinary_user()
    script = f"{TUTORIAL}; echo to-null > /dev/null; head -c 3 /dev/zero | wc -c"
    with barepod.run(place, pod(sh(script)), setup=Setup(mode="user")) as run:
        assert run.wait() == 0
        assert message(run) == "Sleep expired\n"
        assert run.said() == "3\n"


def test_a_path_of_ones_own_may_be_anywhere(place: Path) -> None:
    name = uuid.uuid4().hex[:8]
    volume = f"/barepod-{name}"
    manifest = pod(
        sh(f"echo a > {place}/{name}", "a", terminationMessagePath=f"{place}/{name}"),
        sh(
            f"echo b > {volume}/deep/log",
            "b",
            terminationMessagePath=f"{volume}/deep/log",
            volumeMounts=[{"name": "work", "mountPath": volume}],
        ),
        volumes=[{"name": "work", "emptyDir": {}}],
    )
    with barepod.run(place, manifest) as run:
        assert run.wait() == 0
        assert (message(run, "a"), message(run, "b")) == ("a\n", "b\n")
    assert not (place / name).exists()
    assert not Path(volume).exists()


def test_each_run_has_a_fresh_one(place: Path) -> None:
    script = (
        f"cat {USUAL}; test -e {place}/once && exit 0; touch {place}/once; echo x > {USUAL}; exit 1"
    )
    with barepod.run(place, pod(sh(script), restartPolicy="OnFailure")) as run:
        assert run.wait() == 0
        assert run.status().restart_count == 1
        assert message(run) == ""
        assert run.said(attempt=1) == ""


def test_a_hook_may_write_it(place: Path) -> None:
    main = sh(
        "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done",
        lifecycle={"preStop": hook(f"echo stopped > {USUAL}")},
    )
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: "up" in run.said())
        assert run.stop() == 0
        assert message(run) == "stopped\n"


def test_a_directory_cannot_be_the_file(place: Path) -> None:
    manifest: Fields = pod(sh("true", terminationMessagePath=str(place)))
    with barepod.run(place, manifest) as run:
        run.until(lambda: run.waits_for("CreateContainerError"))


def test_a_user_without_namespaces_does_without_it(place: Path) -> None:
    needs_ordinary_user()
    main = sh(
        f"while ! test -e {place}/hooked; do sleep 0.01; done; "
        "echo up > $BAREPOD_TERMINATION_LOG; sed 's/^/at /' $MESSAGES",
        env=[{"name": "MESSAGES", "value": str(USUAL)}],
        lifecycle={"postStart": hook(f"touch {place}/hooked")},
    )
    setup = Setup(mode="user", prefix=NO_NAMESPACES)
    with barepod.run(place, pod(main, restartPolicy="Never"), setup=setup) as run:
        assert run.wait() != 0
        assert message(run) == "up\n"
        assert run.said().startswith("sed: ")
        assert not run.events("FailedPostStartHook")
