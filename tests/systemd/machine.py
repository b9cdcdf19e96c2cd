"""A machine with a real systemd: a Debian of its own, booted by systemd-nspawn.

The root is made by debootstrap once and kept below $XDG_CACHE_HOME; each machine gets an overlay
over it. Our source and interpreter are bound into it, read-only, where they are.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

ROOT = Path(__file__).parents[2]
_PACKAGES = "systemd,systemd-sysv,libpam-systemd,dbus,procps,libsqlite3-0"
_TOOLS = ("systemd-nspawn", "debootstrap", "nsenter", "mount")
_BARE = "/usr/bin/barepod"
_PATIENCE = 30.0
_NUMBERS = itertools.count()
_NAMESPACES = ("-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w")
T = TypeVar("T")


class Machine:
    """A booted machine; `run` executes there, paths below `root` are its files."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root = root
        self._leader = leader

    def run(self, *argv: str, check: bool = True, seconds: float = 60.0) -> str:
        """Run a command in the machine; what it printed."""
        done = subprocess.run(
            [
                "nsenter",
                "-t",
                str(self._leader),
                *_NAMESPACES,
                *argv,
            ],
            capture_output=True,
            timeout=seconds,
            check=False,
            text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "PAGER": "cat"},
        )
        if check and done.returncode != 0:
            pytest.fail(f"{argv} exited with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def show(self, unit: str = "barepod.service") -> Mapping[str, str]:
        """What systemd knows about a unit."""
        lines = self.run("systemctl", "show", unit).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def journal(self, unit: str = "barepod.service") -> list[dict[str, Any]]:
        """The journal's entries of a unit, all fields."""
        text = self.run("journalctl", "-u", unit, "-o", "json", "--all")
        return [json.loads(line) for line in text.splitlines()]

    def processes(self, word: str) -> list[int]:
        """The processes of the machine with this word in their command line."""
        text = self.run("ps", "-eo", "pid,stat,args", "ww")
        rows = [line.split(None, 2) for line in text.splitlines()[1:]]
        return [int(pid) for pid, stat, args in rows if word in args.split() and stat[0] != "Z"]

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file there at once."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}.new")
        temporary.write_text(text)
        temporary.chmod(mode)
        temporary.rename(place)

    def remove(self, path: str) -> None:
        """Remove a file."""
        (self.root / path.lstrip("/")).unlink()

    def until(self, fact: Callable[[], T], seconds: float = _PATIENCE) -> T:
        """Wait until the fact is true, and return it; fail if that takes too long."""
        deadline = time.monotonic() + seconds
        while not (result := fact()):
            if time.monotonic() > deadline:
                pytest.fail(f"it did not happen in time\n{self.story()}")
            time.sleep(0.05)
        return result

    def story(self) -> str:
        """What happened, for the reader of a failed test."""
        show = self.run("systemctl", "--no-pager", "status", "barepod.service", check=False)
        return show + self.run("journalctl", "--no-pager", "-n", "60", check=False)


def missing() -> str:
    """Why no machine can be booted here; "" when it can."""
    if os.geteuid() != 0:
        return "booting a machine needs root"
    lacking = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if lacking:
        return f"not installed: {', '.join(lacking)}"
    return "" if _cgroup_root() is not None else "no cgroup v2 is mounted"


@contextmanager
def boot(folder: Path) -> Iterator[Machine]:
    """Boot a machine with our units installed; it is gone in the end.

    Booted once more in the same folder it finds its disk as it left it.
    """
    with _overlay(folder) as root:
        _install(root)
        name = f"barepod-test-{os.getpid()}-{next(_NUMBERS)}"
        with _cgroup(name) as procs, (folder / "console.log").open("wb") as console:
            process = subprocess.Popen(
                [
                    "sh",
                    "-c",
                    'echo $$ > "$1"; shift; exec "$@"',
                    "sh",
                    str(procs),
                    *_nspawn(root, name),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
            try:
                machine = Machine(root, _leader(process))
                machine.until(lambda: _is_up(machine), 60.0)
                yield machine
            finally:
                _shut_down(process)


def _nspawn(root: Path, name: str) -> list[str]:
    places = {ROOT, Path(sys.prefix), Path(sys.base_prefix)}
    binds = [f"--bind-ro={place}" for place in sorted(places)]
    return [
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--boot",
        "--private-network",
        "--console=pipe",
        f"--directory={root}",
        f"--machine={name}",
        *binds,
    ]


def _leader(process: subprocess.Popen[bytes]) -> int:
    """The machine's first process, once there is one."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for pid in _children(process.pid):
            with suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                    return pid
        time.sleep(0.05)
    pytest.fail("systemd-nspawn did not boot; see console.log")


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _is_up(machine: Machine) -> bool:
    state = machine.run("systemctl", "is-system-running", check=False).strip()
    return state in ("running", "degraded")


def _shut_down(process: subprocess.Popen[bytes]) -> None:
    leaders = _children(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    if process.poll() is None:
        for pid in leaders:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        process.kill()
        process.wait()


def _install(root: Path) -> None:
    """The units, as `make install-systemd` does it, and the command."""
    subprocess.run(
        ["sh", str(ROOT / "scripts" / "install-systemd"), _BARE, str(root)],
        check=True,
        capture_output=True,
    )
    wrapper = root / _BARE.lstrip("/")
    python = Path(sys.prefix) / "bin" / "python"
    wrapper.write_text(
        f'#!/bin/sh\nexport PYTHONPATH="{ROOT}" PYTHONDONTWRITEBYTECODE=1\n'
        f'exec "{python}" -m agent "$@"\n'
    )
    wrapper.chmod(0o755)


@contextmanager
def _overlay(folder: Path) -> Iterator[Path]:
    """A root of its own over the one that is kept."""
    base = _base()
    upper, work, root = (folder / name for name in ("upper", "work", "root"))
    for path in (upper, work, root):
        path.mkdir(exist_ok=True)
    options = f"lowerdir={base},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "none", "-o", options, str(root)], check=True)
    try:
        yield root
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


def _base() -> Path:
    """The kept root; made when there is none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "barepod-tests"
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    code = zlib.crc32(_PACKAGES.encode())
    base = cache / f"debian-{suite}-{platform.machine()}-{code:x}"
    if base.is_dir():
        return base
    site = _mirror(suite)
    if not site:
        pytest.skip("this is no Debian with package sources")
    cache.mkdir(parents=True, exist_ok=True)
    new = cache / f"new-{os.getpid()}"
    try:
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", suite, str(new), site],
            check=True,
            capture_output=True,
        )
        shutil.rmtree(new / "var" / "cache" / "apt", ignore_errors=True)
        (new / "etc" / "machine-id").write_text("")
        with suppress(OSError):  # somebody else was faster
            new.rename(base)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return base


def _mirror(suite: str) -> str:
    """Where this machine has its packages from."""
    form = "$(SITE) $(CODENAME) $(COMPONENT)"
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    sites = [row[0] for row in rows if row[1:] == [suite, "main"]]
    return sites[0] if sites else ""


def _cgroup_root() -> Path | None:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        if rest.split()[0] == "cgroup2":
            return Path(fields.split()[4])
    return None


@contextmanager
def _cgroup(name: str) -> Iterator[Path]:
    """A cgroup for the machine, so that its systemd does not take our own for its root."""
    top = _cgroup_root()
    assert top is not None
    path = top / name
    path.mkdir()
    try:
        yield path / "cgroup.procs"
    finally:
        for base in {top, top.parent / "systemd"}:
            for place, _, _ in os.walk(base / name, topdown=False):
                with suppress(OSError):
                    Path(place).rmdir()
