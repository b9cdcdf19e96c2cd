"""Which process asks systemd for a scope, and for what kind of one."""

from __future__ import annotations

import pytest

from agent.host.scope import arguments, scope_name, service_of

OWN = "9:memory:/x\n0::/system.slice/barepod.service\n"
GIVEN = {"INVOCATION_ID": "7f", "SYSTEMD_EXEC_PID": "41"}


def test_the_main_process_of_a_service_knows_its_unit() -> None:
    assert service_of(OWN, GIVEN, 41) == "barepod.service"
    assert service_of(OWN, {"INVOCATION_ID": "7f"}, 41) == "barepod.service"


@pytest.mark.parametrize(
    ("own", "environ", "pid"),
    [
        pytest.param(OWN, {}, 41, id="no systemd"),
        pytest.param(OWN, GIVEN, 42, id="started by the main process"),
        pytest.param("0::/user.slice/session-3.scope\n", GIVEN, 41, id="a login"),
        pytest.param("9:memory:/a.service\n", GIVEN, 41, id="no cgroup v2"),
        pytest.param("0::/\n", GIVEN, 41, id="a container"),
    ],
)
def test_any_other_process_asks_for_nothing(own: str, environ: dict[str, str], pid: int) -> None:
    assert service_of(own, environ, pid) is None


@pytest.mark.parametrize(
    ("unit", "scope"),
    [
        ("barepod.service", "barepod-pods.scope"),
        ("my-pods@two.service", "my-pods\\x40two-pods.scope"),
    ],
)
def test_each_service_has_a_scope_name_of_its_own(unit: str, scope: str) -> None:
    assert scope_name(unit) == scope


def test_the_scope_is_stopped_after_the_service_and_lies_in_its_slice() -> None:
    argv = arguments("a.service", "/sys/fs/cgroup/own.slice/a.service", is_user=False)

    assert argv[:2] == ("systemd-run", "--scope")
    assert argv[-2:] == ("--", "cat")
    assert {
        "--unit=a-pods.scope",
        "--slice=own.slice",
        "--property=Delegate=yes",
        "--property=TasksMax=infinity",
        "--property=Before=a.service",
    } <= set(argv)


def test_a_user_asks_their_own_manager() -> None:
    argv = arguments("a.service", "/sys/fs/cgroup/x/app.slice/a.service", is_user=True)

    assert "--user" in argv
    assert "--property=After=basic.target" in argv


def test_a_service_outside_of_slices_names_none() -> None:
    argv = arguments("a.service", "/sys/fs/cgroup/a.service", is_user=False)

    assert not any(word.startswith("--slice") for word in argv)
