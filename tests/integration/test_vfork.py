"""Processes in borrowed memory: what they do first, what becomes of us, how a failure reads."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.host import requests, vfork
from agent.host.clone import Born, Failure
from agent.host.process import Command, Identity, Mount
from agent.host.vfork import Vfork
from agent.host.wire import Spec
from tests.support.children import PATH, Host

pytestmark = pytest.mark.integration


def spec(*argv: str, tty: bool = False, **changes: Any) -> Spec:
    """A command as the helper gets it."""
    command = Command(argv=argv, env={"PATH": PATH, **changes.pop("env", {})}, **changes)
    return Spec(*requests.fields(command, 0, die=False, tty=tty))


@pytest.fixture
def starter() -> Vfork:
    """The way under test."""
    found = vfork.available()
    if found is None:
        pytest.skip("only x86_64 where code may be made has it")
    return found


@pytest.fixture
def null() -> Iterator[int]:
    """/dev/null."""
    fd = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    yield fd
    os.close(fd)


def ended(born: Born | None) -> int:
    """Wait for our child; its exit code."""
    assert born is not None
    os.close(born.pidfd)
    return os.waitstatus_to_exitcode(os.waitpid(born.pid, 0)[1])


def test_its_output_and_end_are_those_of_its_program(starter: Vfork, null: int) -> None:
    reading, writing = os.pipe()
    words = spec("sh", "-c", 'echo "$1 $A $PWD"; exit 3', "-", "one", env={"A": "two"}, cwd="/usr")

    born = starter.start(words, (null, writing, null), -1, as_sibling=False)

    os.close(writing)
    assert ended(born) == 3
    with os.fdopen(reading) as file:
        assert file.read() == "one two /usr\n"


@pytest.mark.asyncio
async def test_it_is_born_in_its_cgroup(starter: Vfork, null: int, cgroup_host: Host) -> None:
    boundary = cgroup_host.boundary("here")
    assert boundary.cgroup_fd is not None
    reading, writing = os.pipe()

    born = starter.start(
        spec("cat", "/proc/self/cgroup"),
        (null, writing, null),
        boundary.cgroup_fd,
        as_sibling=False,
    )

    os.close(writing)
    assert ended(born) == 0
    with os.fdopen(reading) as file:
        assert any(line.rstrip().endswith("/here") for line in file)


def test_nothing_of_it_is_seen_in_the_process_that_lent_its_memory(
    starter: Vfork, null: int
) -> None:
    def ours() -> tuple[object, ...]:
        links = [Path(f"/proc/self/fd/{fd}").readlink() for fd in (0, 1, 2)]
        return os.getsid(0), links, resource.getrlimit(resource.RLIMIT_NOFILE)

    before = ours()
    limits = ((resource.RLIMIT_NOFILE, 50, 60),)

    for _ in range(20):
        born = starter.start(
            spec("true", rlimits=limits, no_new_privs=True),
            (null, null, null),
            -1,
            as_sibling=False,
        )
        assert ended(born) == 0

    assert ours() == before


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"rlimits": ((resource.RLIMIT_NOFILE, 9, 8),)}, "rlimit"),
        ({"cwd": "/nope"}, "cwd"),
        ({"cap_drop": (200,)}, "capability"),
        ({"tty": True}, "session"),
    ],
)
def test_the_first_call_that_fails_is_named_and_nothing_is_executed(
    starter: Vfork, null: int, changes: dict[str, Any], stage: str
) -> None:
    with pytest.raises(Failure) as caught:
        starter.start(spec("true", **changes), (null, null, null), -1, as_sibling=False)

    assert caught.value.stage == stage
    assert caught.value.errno > 0
    if stage != "cwd":  # it was born, and knows how it went
        assert os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]) == 127


@pytest.mark.parametrize("refusal", [errno.ENOSYS, errno.EPERM, errno.EINVAL])
def test_a_kernel_that_refuses_is_told_from_a_failure(refusal: int, null: int) -> None:
    refused, failed = Vfork(lambda *_: -refusal), Vfork(lambda *_: -errno.EAGAIN)

    assert refused.start(spec("true"), (null, null, null), -1, as_sibling=False) is None
    with pytest.raises(Failure) as caught:
        failed.start(spec("true"), (null, null, null), -1, as_sibling=False)
    assert (caught.value.stage, caught.value.errno) == ("clone", errno.EAGAIN)


def test_who_changes_its_user_or_its_mounts_is_left_to_the_copy() -> None:
    mount = Mount(source="/usr", target="/mnt")

    assert vfork.can_take(spec("true", no_new_privs=True, cap_drop=(1,)))
    assert not vfork.can_take(spec("true", user=Identity(uid=1, gid=1)))
    assert not vfork.can_take(spec("true", mounts=(mount,)))


def test_there_is_none_on_another_kind_of_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        machine = "aarch64"

    monkeypatch.setattr(os, "uname", Other)

    assert vfork.available() is None
