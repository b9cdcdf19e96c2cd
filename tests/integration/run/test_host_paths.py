"""hostPath volumes in real runs: what must be there, and what is mounted below."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import barepod
from tests.support.barepod import Setup, pod, sh
from tests.support.volumes import mount, ro, said

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("clean_host")]


def test_a_host_path_that_is_something_else_keeps_the_pod_waiting(place: Path, target: str) -> None:
    file = place / "data"
    file.touch()
    manifest = pod(
        sh(f"ls {target}", volumeMounts=[mount("host", target)]),
        volumes=[{"name": "host", "hostPath": {"path": str(file), "type": "Directory"}}],
    )
    with barepod.run(place, manifest) as run:
        run.until(lambda: run.events("FailedMount"))
        assert run.waits_for("ContainerCreating")
        assert run.messages("FailedMount") == [
            'MountVolume.SetUp failed for volume "host" : '
            f"hostPath type check failed: {file} is not a directory"
        ]

        file.unlink()
        file.mkdir()
        (file / "found").touch()

        assert run.wait() == 0
        assert run.said() == "found\n"


def test_a_host_path_at_its_own_place_takes_no_mount(place: Path) -> None:
    manifest = pod(
        sh(
            f"echo text > {place}/shared/a; readlink /proc/self/ns/mnt",
            volumeMounts=[mount("host", f"{place}/shared")],
        ),
        volumes=[
            {"name": "host", "hostPath": {"path": f"{place}/shared", "type": "DirectoryOrCreate"}}
        ],
    )

    assert said(place, manifest) == [str(Path("/proc/self/ns/mnt").readlink())]
    assert (place / "shared" / "a").read_text() == "text\n"


def test_what_the_host_mounts_later_shows_only_where_that_is_asked_for(
    place: Path, target: str
) -> None:
    (place / "shared" / "later").mkdir(parents=True)
    wait = f"while ! test -e {place}/mounted; do sleep 0.01; done"
    manifest = pod(
        sh(
            f"touch {place}/up; {wait}; ls {target}/follows/later {target}/apart/later",
            volumeMounts=[
                mount("host", f"{target}/follows", mountPropagation="HostToContainer"),
                mount("host", f"{target}/apart"),
            ],
        ),
        volumes=[{"name": "host", "hostPath": {"path": f"{place}/shared"}}],
    )
    # In a namespace of our own, shared like that of a host with systemd.
    script = 'mount --make-rshared / && mount --bind "$1" "$1" && shift && exec "$@"'
    prefix = [
        "unshare",
        "--mount",
        "--propagation=private",
        "sh",
        "-c",
        script,
        "sh",
        f"{place}/shared",
    ]
    with barepod.run(place, manifest, setup=Setup(prefix=prefix)) as run:
        run.until((place / "up").exists)
        enter = ["nsenter", f"--mount=/proc/{run.pid}/ns/mnt"]
        later = f"{place}/shared/later"
        subprocess.run([*enter, "mount", "-t", "tmpfs", "none", later], check=True)
        subprocess.run([*enter, "touch", f"{later}/seen"], check=True)
        (place / "mounted").touch()

        assert run.wait() == 0
        assert run.said().split() == [f"{target}/apart/later:", f"{target}/follows/later:", "seen"]


def test_mounts_below_become_read_only_too_where_that_is_asked_for(
    place: Path, target: str
) -> None:
    (place / "shared" / "below").mkdir(parents=True)
    touch = f"touch {target}/all/below/x 2>&1; touch {target}/top/below/y && echo written"
    manifest = pod(
        sh(
            touch,
            volumeMounts=[
                ro("host", f"{target}/all", recursiveReadOnly="Enabled"),
                ro("host", f"{target}/top"),
            ],
        ),
        volumes=[{"name": "host", "hostPath": {"path": f"{place}/shared"}}],
    )
    script = 'mount -t tmpfs none "$1" && shift && exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", script, "sh", f"{place}/shared/below"]

    first, second = said(place, manifest, setup=Setup(prefix=prefix))

    assert (first.rpartition(": ")[2], second) == ("Read-only file system", "written")
