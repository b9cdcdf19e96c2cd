"""Full and read-only disks: the agent goes on in memory, says so, and catches up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.model.pod import Pod
from tests.support.stores import (
    fill,
    found,
    kept_files,
    make,
    names,
    opened,
    pod,
    remount,
    small_disk,
    until,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.integration]


async def test_a_full_disk_is_survived_in_memory(tmp_path: Path) -> None:
    told: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        async with opened(disk / "state", told) as store:
            store.put(pod("before"))
            assert await store.durable()
            ballast = fill(disk)

            for number in range(50):
                store.put(pod(f"p{number}", padding=3000))
                store.put(pod("temporary", padding=3000))
                store.delete(Pod, "default", "temporary")
                if number % 10 == 0:
                    assert await store.durable() is (not store.trouble)
            await until(lambda: "full" in store.trouble, "the disk is full")
            store.delete(Pod, "default", "before")
            assert await store.durable() is False
            assert len(told) == 1

            ballast.unlink()
            await until(lambda: not store.trouble, "there is room again")
            assert await store.durable()

        assert len(told) == 2
        assert await found(disk / "state") == [f"p{number}" for number in range(50)]


async def test_an_agent_starts_on_a_full_disk_with_what_is_there(tmp_path: Path) -> None:
    told: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        await make(disk / "state", "a", "b")
        ballast = fill(disk)

        async with opened(disk / "state", told) as store:
            assert names(store) == ["a", "b"]
            store.put(pod("c", padding=3000))
            store.delete(Pod, "default", "a")
            assert await store.durable() is False
            ballast.unlink()
            await until(lambda: not store.trouble, "there is room again")

        assert len(told) == 2
        assert await found(disk / "state") == ["b", "c"]


async def test_an_agent_starts_on_a_full_disk_with_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        ballast = fill(disk)

        async with opened(disk, told) as store:
            store.put(pod("a"))
            assert await store.durable() is False
            ballast.unlink()
            await until(lambda: not store.trouble, "there is room again")

        assert len(told) == 2
        assert await found(disk) == ["a"]


async def test_what_a_full_disk_never_took_is_told_at_the_end(tmp_path: Path) -> None:
    told: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        async with opened(disk, told) as store:
            store.put(pod("a"))

    assert "1 changes could not be written and are lost" in told


@pytest.mark.parametrize("left", ["closed", "killed"])
async def test_an_agent_starts_on_a_read_only_disk_with_what_is_there(
    tmp_path: Path, left: str
) -> None:
    told: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        await make(disk / "state", "a")
        if left == "killed":
            _write_and_die(disk / "state")
        remount(disk, "ro")

        async with opened(disk / "state", told) as store:
            assert names(store) == (["a"] if left == "closed" else ["a", "dying"])
            store.put(pod("b"))
            assert await store.durable() is False
            remount(disk, "rw")
            await until(lambda: not store.trouble, "the disk is writable")

        assert len(told) == 2
        assert (await found(disk / "state"))[-1] == "b"


async def test_an_agent_starts_on_a_read_only_disk_with_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        remount(disk, "ro")
        async with opened(disk / "state", told) as store:
            store.put(pod("a"))
            assert await store.durable() is False
            remount(disk, "rw")
            await until(lambda: not store.trouble, "the disk is writable")

        assert await found(disk / "state") == ["a"]


async def test_garbage_on_a_read_only_disk_is_kept_when_that_is_possible(tmp_path: Path) -> None:
    told: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        (disk / "state.db").write_bytes(b"garbage" * 1000)
        remount(disk, "ro")
        async with opened(disk, told) as store:
            store.put(pod("a"))
            assert await store.durable() is False
            assert any("it stays there" in text for text in told)
            remount(disk, "rw")
            await until(lambda: not store.trouble, "the disk is writable")

        (kept,) = kept_files(disk)
        assert kept.read_bytes() == b"garbage" * 1000
        assert any(str(kept) in text for text in told)
        assert await found(disk) == ["a"]


def _write_and_die(folder: Path) -> None:
    """Another agent that writes one pod and is killed: its log is left."""
    script = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.support.stores import opened, pod\n"
        "async def main():\n"
        "    async with opened(Path(sys.argv[1])) as store:\n"
        "        store.put(pod('dying'))\n"
        "        assert await store.durable()\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], timeout=20)
    assert done.returncode == -9
