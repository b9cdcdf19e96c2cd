"""Volumes in real runs: what containers see, whom it belongs to, a host that stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.run.conftest import needs_ordinary_user
from tests.support import barepod
from tests.support.barepod import Fields, Setup, hook, pod, probe, sh
from tests.support.volumes import NO_NAMESPACES, mount, ro, said

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("clean_host")]
USER = 1234
GROUP = 4321


def config_map(name: str = "cfg", **data: str) -> Fields:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str = "sec", **data: str) -> Fields:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def tutorial(target: str) -> Fields:
    """Kubernetes' own first example of an init container."""
    return pod(
        sh(f"cat {target}-html/index.html", volumeMounts=[mount("work", f"{target}-html")]),
        initContainers=[
            sh(
                f"echo hello > {target}-work/index.html",
                "install",
                volumeMounts=[mount("work", f"{target}-work")],
            )
        ],
        volumes=[{"name": "work", "emptyDir": {}}],
    )


def test_an_init_container_hands_files_to_the_main_container(place: Path, target: str) -> None:
    assert said(place, tutorial(target)) == ["hello"]

    left = [*(place / "run" / "pods").iterdir(), *(place / "state" / "pods").iterdir()]
    assert left == []
    assert list((place / "run" / "mount-points").iterdir()) == []


def test_an_ordinary_user_can_do_that_too(place: Path, target: str) -> None:
    needs_ordinary_user()

    assert said(place, tutorial(target), setup=Setup(mode="user")) == ["hello"]


def test_an_ordinary_user_keeps_his_numbers(place: Path, target: str) -> None:
    needs_ordinary_user()
    script = (
        f"id -u; id -g; touch {target}/a && stat -c %u:%g {target}/a; grep CapEff /proc/self/status"
    )
    manifest = pod(
        sh(script, volumeMounts=[mount("work", target)]),
        volumes=[{"name": "work", "emptyDir": {"medium": "Memory"}}],
    )

    nobody = str(barepod.NOBODY)
    assert said(place, manifest, setup=Setup(mode="user")) == [
        *(nobody, nobody, f"{nobody}:{nobody}"),
        "CapEff:\t0000000000000000",
    ]


def test_where_the_kernel_refuses_a_user_the_message_says_what_is_missing(
    place: Path, target: str
) -> None:
    needs_ordinary_user()
    setup = Setup(mode="user", prefix=NO_NAMESPACES)
    with barepod.run(place, tutorial(target), setup=setup) as run:
        run.until(lambda: run.waits_for("CreateContainerError", "install"))
        waiting = run.status("install").state.waiting
        assert waiting is not None
        assert "the kernel must allow user namespaces" in waiting.message


def test_configuration_becomes_files_that_cannot_be_written(place: Path, target: str) -> None:
    volumes = [
        {"name": "cfg", "configMap": {"name": "cfg", "items": [{"key": "a", "path": "x/a"}]}},
        {"name": "sec", "secret": {"secretName": "sec", "defaultMode": 0o400}},
        {
            "name": "all",
            "projected": {
                "defaultMode": 0o444,
                "sources": [
                    {"configMap": {"name": "cfg"}},
                    {
                        "secret": {
                            "name": "sec",
                            "items": [{"key": "p", "path": "q", "mode": 0o700}],
                        }
                    },
                    {
                        "downwardAPI": {
                            "items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]
                        }
                    },
                ],
            },
        },
    ]
    files = " ".join(f"{target}/{name}" for name in ("cfg/x/a", "sec/p", "all/a", "all/q", "all/n"))
    script = (
        f'for f in {files}; do echo "$(stat -Lc %a $f) $(cat $f)"; done; '
        f"touch {target}/cfg/new 2>&1; rm {target}/sec/p 2>&1; true"
    )
    mounts = [mount(str(v["name"]), f"{target}/{v['name']}") for v in volumes]
    manifest = pod(sh(script, volumeMounts=mounts), volumes=volumes)

    lines = said(place, config_map(a="1"), secret(p="2"), manifest)

    assert lines[:5] == ["644 1", "400 2", "444 1", "700 2", "444 p"]
    assert [line.rpartition(": ")[2] for line in lines[5:]] == ["Read-only file system"] * 2


def test_scripts_of_a_config_map_can_be_executed(place: Path, target: str) -> None:
    manifest = pod(
        sh(f"{target}/run.sh", volumeMounts=[mount("cfg", target)]),
        volumes=[{"name": "cfg", "configMap": {"name": "cfg", "defaultMode": 0o755}}],
    )
    objects = config_map(**{"run.sh": "#!/bin/sh\necho it runs\n"})

    assert said(place, objects, manifest) == ["it runs"]


def test_read_only_is_said_by_the_file_system(place: Path, target: str) -> None:
    manifest = pod(
        sh(f"cat {target}/a; touch {target}/b 2>&1; true", volumeMounts=[ro("work", target)]),
        initContainers=[sh(f"echo 1 > {target}/a", "i", volumeMounts=[mount("work", target)])],
        volumes=[{"name": "work", "emptyDir": {}}],
    )

    first, second = said(place, manifest)

    assert (first, second.rpartition(": ")[2]) == ("1", "Read-only file system")


def test_parts_of_a_volume_are_made_and_mounted(place: Path, target: str) -> None:
    manifest = pod(
        sh(
            f"cat {target}/one {target}/file; ls {target}/whole",
            env=[{"name": "NAME", "value": "b"}],
            volumeMounts=[
                mount("work", f"{target}/whole"),
                mount("cfg", f"{target}/one", subPath="color"),
                mount("work", f"{target}/file", subPathExpr="a/$(NAME)/c"),
            ],
        ),
        initContainers=[
            sh(f"echo text > {target}/c", "i", volumeMounts=[mount("work", target, subPath="a/b")])
        ],
        volumes=[{"name": "work", "emptyDir": {}}, {"name": "cfg", "configMap": {"name": "cfg"}}],
    )

    assert said(place, config_map(color="blue\n"), manifest) == ["blue", "text", "a"]


def test_a_part_that_leads_out_of_its_volume_is_refused(place: Path, target: str) -> None:
    manifest = pod(
        sh("true", volumeMounts=[mount("work", target, subPath="link/passwd")]),
        initContainers=[sh(f"ln -s /etc {target}/link", "i", volumeMounts=[mount("work", target)])],
        volumes=[{"name": "work", "emptyDir": {}}],
    )
    with barepod.run(place, manifest) as run:
        run.until(lambda: run.waits_for("CreateContainerConfigError"))
        waiting = run.status().state.waiting
        assert waiting is not None
        assert (
            waiting.message == 'failed to prepare subPath for volumeMount "work" of container "c"'
        )


def test_a_volume_lies_in_another(place: Path, target: str) -> None:
    manifest = pod(
        sh(
            f"cat {target}/inner/deep/a; ls {target}",
            volumeMounts=[mount("cfg", f"{target}/inner/deep"), ro("work", target)],
        ),
        volumes=[{"name": "work", "emptyDir": {}}, {"name": "cfg", "configMap": {"name": "cfg"}}],
    )

    assert said(place, config_map(a="1\n"), manifest) == ["1", "inner"]


def test_a_volume_covers_what_the_host_has_there(place: Path) -> None:
    (place / "dir").mkdir()
    (place / "dir" / "host").touch()
    manifest = pod(
        sh(f"ls {place}/dir; touch {place}/dir/mine", volumeMounts=[mount("w", f"{place}/dir")]),
        volumes=[{"name": "w", "emptyDir": {}}],
    )

    assert said(place, manifest) == []
    assert [path.name for path in (place / "dir").iterdir()] == ["host"]


def test_users_can_write_and_the_group_owns(place: Path, target: str) -> None:
    script = (
        f"id -u; touch {target}/work/a && mkdir {target}/work/d && stat -c '%g %a' {target}/work; "
        f"stat -c %g {target}/work/a; stat -Lc '%g %a' {target}/sec/p; cat {target}/sec/p"
    )
    manifest = pod(
        sh(script, volumeMounts=[mount("work", f"{target}/work"), mount("sec", f"{target}/sec")]),
        securityContext={"runAsUser": USER, "runAsGroup": USER, "fsGroup": GROUP},
        volumes=[
            {"name": "work", "emptyDir": {}},
            {"name": "sec", "secret": {"secretName": "sec", "defaultMode": 0o400}},
        ],
    )

    assert said(place, secret(p="text\n"), manifest) == [
        *(str(USER), f"{GROUP} 2777", str(GROUP), f"{GROUP} 440", "text")
    ]


def test_any_user_can_write_without_a_group(place: Path, target: str) -> None:
    manifest = pod(
        sh(f"touch {target}/a && stat -c %u {target}/a", volumeMounts=[mount("work", target)]),
        securityContext={"runAsUser": USER},
        volumes=[{"name": "work", "emptyDir": {}}],
    )

    assert said(place, manifest) == [str(USER)]


def test_memory_is_limited(place: Path, target: str) -> None:
    manifest = pod(
        sh(
            f"stat -fc %T {target}; head -c 2000000 /dev/zero 2>&1 > {target}/a",
            volumeMounts=[mount("mem", target)],
        ),
        volumes=[{"name": "mem", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}],
    )
    with barepod.run(place, manifest) as run:
        assert run.wait() == 1
        kind, error = run.said().splitlines()
        assert (kind, error.rpartition(": ")[2]) == ("tmpfs", "No space left on device")


def test_probes_and_hooks_see_the_volumes(place: Path, target: str) -> None:
    main = sh(
        f"trap 'exit 0' TERM; touch {target}/up; while :; do sleep 0.02; done",
        volumeMounts=[mount("work", target)],
        lifecycle={
            "postStart": hook(f"while ! test -e {target}/up; do sleep 0.01; done"),
            "preStop": hook(f"cp {target}/probed {place}/stopped"),
        },
        readinessProbe=probe(f"echo yes > {target}/probed"),
    )
    manifest = pod(main, volumes=[{"name": "work", "emptyDir": {}}])
    with barepod.run(place, manifest) as run:
        run.until(lambda: run.is_ready)
        assert run.stop() == 0
        assert (place / "stopped").read_text() == "yes\n"
        assert run.events("Unhealthy") == []


def test_an_ordinary_users_probes_see_the_volumes(place: Path, target: str) -> None:
    needs_ordinary_user()
    main = sh(
        f"touch {target}/up; exec sleep 1000",
        volumeMounts=[mount("work", target)],
        readinessProbe=probe(f"test -e {target}/up"),
    )
    manifest = pod(main, volumes=[{"name": "work", "emptyDir": {}}])
    with barepod.run(place, manifest, setup=Setup(mode="user")) as run:
        run.until(lambda: run.is_ready)


def test_volumes_outlive_restarts(place: Path, target: str) -> None:
    manifest = pod(
        sh(
            f"echo x >> {target}/a; test $(wc -l < {target}/a) = 3",
            volumeMounts=[mount("w", target)],
        ),
        volumes=[{"name": "w", "emptyDir": {}}],
        restartPolicy="OnFailure",
    )
    with barepod.run(place, manifest) as run:
        assert run.wait() == 0
        assert run.status().restart_count == 2


def test_a_file_cannot_be_mounted_over_a_directory(place: Path) -> None:
    (place / "dir").mkdir()
    manifest = pod(
        sh("true", volumeMounts=[mount("cfg", f"{place}/dir", subPath="a")]),
        volumes=[{"name": "cfg", "configMap": {"name": "cfg"}}],
    )
    with barepod.run(place, config_map(a="1"), manifest) as run:
        run.until(lambda: run.waits_for("CreateContainerError"))
        waiting = run.status().state.waiting
        assert waiting is not None
        assert waiting.message == f'error mounting a volume at "{place}/dir": not a directory'


def test_two_runs_share_a_mount_point(place: Path, target: str) -> None:
    (place / "other").mkdir(mode=0o777)
    manifest = pod(
        sh(
            f"echo mine > {target}/a; while ! test -e {place}/ask; do sleep 0.01; done; "
            f"cat {target}/a; exec sleep 1000",
            volumeMounts=[mount("w", target)],
        ),
        volumes=[{"name": "w", "emptyDir": {}}],
    )
    shared = {"run_dir": str(place / "run")}
    with barepod.run(place, manifest) as first:
        first.until(first.is_running)
        with barepod.run(place / "other", manifest, setup=Setup(node=shared)) as second:
            second.until(second.is_running)
            assert first.stop() == 0

            assert Path(target).is_dir()
            (place / "ask").touch()
            second.until(lambda: second.said() == "mine\n")
            assert second.stop() == 0
    assert not Path(target).exists()


def test_what_a_killed_run_left_goes_with_the_next(place: Path, target: str) -> None:
    manifest = pod(
        sh("exec sleep 1000", volumeMounts=[mount("w", target), mount("m", f"{target}-m")]),
        volumes=[
            {"name": "w", "emptyDir": {}},
            {"name": "m", "emptyDir": {"medium": "Memory"}},
        ],
    )
    with barepod.run(place, manifest) as run:
        run.until(run.is_running)
        run.signal(9)
        run.wait()
    assert Path(target).is_dir()

    with barepod.run(place, manifest) as run:
        run.until(run.is_running)
        assert run.stop() == 0

    assert [*(place / "run" / "pods").iterdir(), *(place / "state" / "pods").iterdir()] == []
