"""Where runs of the real command take place."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.host import cgroup
from tests.support import barepod
from tests.support.barepod import Mode
from tests.support.needs import missing


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that an ordinary user may use as well."""
    with open_place() as path:
        yield path


@pytest.fixture(scope="module")
def shared_place() -> Iterator[Path]:
    """The same for a run that several tests look at."""
    with open_place() as path:
        yield path


@pytest.fixture
def target() -> str:
    """A path that is not there, right in /."""
    return f"/barepod-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def clean_host(place: Path, target: str) -> Iterator[None]:
    """Where mounts are permitted: no mount and no mount point of a test is left on the host."""
    may_mount()
    yield
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    assert [line for line in mounts if place.name in line or target in line] == []
    assert list(Path("/").glob(f"{target[1:]}*")) == []


@pytest.fixture(params=["cgroup", "subreaper", "user"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """Every mode of containment that this machine lets us test."""
    wanted: Mode = request.param
    if wanted == "cgroup" and not _has_cgroups():
        missing("no writable cgroup v2 here")
    if wanted == "subreaper":
        may_mount()
    if wanted == "user":
        needs_ordinary_user()
    return wanted


@contextmanager
def open_place() -> Iterator[Path]:
    """A temporary folder for everybody."""
    with tempfile.TemporaryDirectory(prefix="barepod-test-") as name:
        path = Path(name)
        path.chmod(0o777)
        yield path


def needs_ordinary_user() -> None:
    """Skip a test that runs barepod as nobody where that cannot be."""
    with open_place() as folder:
        become = barepod.become_nobody(folder)
        if os.geteuid() != 0 or not _can([*become, sys.executable, "-c", "import agent, msgspec"]):
            missing("cannot run barepod as nobody")


def may_mount() -> None:
    """Skip a test that needs a file system of its own where we may not mount one."""
    if not _can(["unshare", "--mount", "true"]):
        missing("may not make a mount namespace")


def _has_cgroups() -> bool:
    mounts, own = Path("/proc/self/mountinfo"), Path("/proc/self/cgroup")
    return cgroup.find_base(mounts.read_text(), own.read_text()) is not None


def _can(argv: list[str]) -> bool:
    done = subprocess.run(argv, cwd=barepod.ROOT, capture_output=True, check=False)
    return done.returncode == 0
