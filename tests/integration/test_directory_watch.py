"""What is told of changes in a directory, with the kernel's own inotify."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.host.directory_watch import Changes, DirectoryWatch, way_to
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_PATIENCE = 5.0


class Told:
    """What a watch told so far."""

    watch: DirectoryWatch

    def __init__(self) -> None:
        self.changes: list[Changes] = []
        self.problems: list[str] = []
        self._news = asyncio.Event()

    def changed(self, changes: Changes) -> None:
        self.changes.append(changes)
        self._news.set()

    @property
    def names(self) -> set[str]:
        return {name for change in self.changes for name in change.names}

    @property
    def is_everything(self) -> bool:
        return any(change.everything for change in self.changes)

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE):
            while not fact():
                self._news.clear()
                await self._news.wait()

    def waiting(self) -> list[object]:
        """What the kernel has to say at this moment and nobody has heard."""
        inotify = self.watch._inotify
        assert inotify is not None
        return list(inotify.read(timeout=0))

    async def comes_first(self, directory: Path) -> None:
        """Wait until a file written now is told: whatever came before has been told by then."""
        (directory / "marker").write_text("x")
        await self.until(lambda: "marker" in self.names or self.is_everything)


@asynccontextmanager
async def watching(path: Path) -> AsyncIterator[Told]:
    told = Told()
    reactor, scheduler = Reactor(), Scheduler()
    watch = DirectoryWatch(
        str(path), reactor, scheduler, changed=told.changed, problem=told.problems.append
    )
    told.watch = watch
    watch.start()
    try:
        yield told
    finally:
        watch.close()
        scheduler.close()
        reactor.close()


async def test_a_file_is_told_when_it_was_closed_not_while_it_is_written(tmp_path: Path) -> None:
    async with watching(tmp_path) as told:
        with (tmp_path / "slow").open("w") as file:
            file.write("half")
            file.flush()
            await told.comes_first(tmp_path)
            assert "slow" not in told.names
        await told.until(lambda: "slow" in told.names)


async def test_what_an_editor_renames_and_what_it_removes_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").write_text("old")
    (tmp_path / "c").write_text("old")
    async with watching(tmp_path) as told:
        (tmp_path / ".a.tmp").write_text("new")
        (tmp_path / ".a.tmp").rename(tmp_path / "a")
        (tmp_path / "b").unlink()
        (tmp_path / "c").rename(tmp_path.parent / f"{tmp_path.name}-c")
        await told.until(lambda: told.names >= {"a", "b", "c"})

        assert not told.is_everything


async def test_links_fifos_and_permissions_are_told(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    outside = tmp_path.parent / f"{tmp_path.name}-target"
    outside.write_text("x")
    async with watching(tmp_path) as told:
        (tmp_path / "soft").symlink_to(outside)
        (tmp_path / "hard").hardlink_to(outside)
        os.mkfifo(tmp_path / "fifo")
        (tmp_path / "old").chmod(0o600)
        await told.until(lambda: told.names >= {"soft", "hard", "fifo", "old"})


async def test_changes_that_come_together_are_told_together(tmp_path: Path) -> None:
    async with watching(tmp_path) as told:
        for number in range(500):
            (tmp_path / str(number)).write_text("x")
        await told.until(lambda: len(told.names) == 500)

        assert len(told.changes) < 20


async def test_what_goes_on_without_a_pause_is_told_all_the_same(tmp_path: Path) -> None:
    async with watching(tmp_path) as told:
        async with asyncio.timeout(_PATIENCE):
            while not told.changes:
                (tmp_path / "busy").write_text("x")
                await asyncio.sleep(0.02)

        assert told.names == {"busy"}


async def test_a_directory_that_comes_later_is_noticed(tmp_path: Path) -> None:
    late = tmp_path / "not" / "there" / "yet"
    async with watching(late) as told:
        late.mkdir(parents=True)
        await told.until(lambda: told.is_everything)
        (late / "a").write_text("x")
        await told.until(lambda: "a" in told.names or len(told.changes) > 1)

        assert set(told.problems) == {""}


async def test_a_directory_that_is_exchanged_is_watched_anew(tmp_path: Path) -> None:
    place, other = tmp_path / "place", tmp_path / "other"
    place.mkdir()
    other.mkdir()
    async with watching(place) as told:
        place.rename(tmp_path / "gone")
        place.symlink_to(other)
        await told.until(lambda: told.is_everything)
        (other / "a").write_text("x")
        await told.until(lambda: "a" in told.names)


async def test_a_link_on_the_way_that_comes_to_lead_elsewhere_is_noticed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "manifests").mkdir(parents=True)
    (tmp_path / "current").symlink_to("one")
    async with watching(tmp_path / "current" / "manifests") as told:
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(tmp_path / "current")
        await told.until(lambda: told.is_everything)
        (tmp_path / "two" / "manifests" / "a").write_text("x")
        await told.until(lambda: "a" in told.names)


async def test_a_removed_directory_tells_its_files_and_is_found_again(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "a").write_text("x")
    async with watching(place) as told:
        (place / "a").unlink()
        place.rmdir()
        await told.until(lambda: told.is_everything)
        assert "a" in told.names

        place.mkdir()
        (place / "b").write_text("x")
        await told.until(lambda: len(told.changes) > 1)


async def test_a_queue_that_overflows_means_looking_at_everything(tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 100_000:
        pytest.skip(f"the queue of {limit} events takes too long to fill")
    one, other = tmp_path / "x", tmp_path / "y"
    one.write_text("x")
    async with watching(tmp_path) as told:
        for _ in range(limit // 4 + 1):  # each rename is two events, told one by one
            one.rename(other)
            other.rename(one)
        await told.until(lambda: told.is_everything)


async def test_what_happens_beside_the_way_is_not_told(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    async with watching(place) as told:
        (tmp_path / "beside").write_text("x")
        (place / "folder").mkdir()
        await told.comes_first(place)

        assert told.names == {"marker"}
        assert not told.is_everything


async def test_what_happens_beside_the_way_wakes_nobody(tmp_path: Path) -> None:
    place = tmp_path / "one" / "two" / "place"
    place.mkdir(parents=True)
    async with watching(place) as told:
        for folder in (tmp_path, tmp_path / "one"):
            (folder / "beside").write_text("x")
            (folder / "beside").chmod(0o600)
            (folder / "beside").rename(folder / "other")
            (folder / "other").unlink()
            (folder / "folder").mkdir()
            (folder / "folder").rmdir()
        (tmp_path / "one" / "two" / "beside").write_text("x")

        assert told.waiting() == []


@pytest.mark.parametrize("moved", ["one", "one/two", "one/two/place"])
async def test_a_directory_on_the_way_that_is_moved_away_is_noticed(
    tmp_path: Path, moved: str
) -> None:
    place = tmp_path / "one" / "two" / "place"
    place.mkdir(parents=True)
    async with watching(place) as told:
        (tmp_path / moved).rename(tmp_path / "away")
        await told.until(lambda: told.is_everything)

        place.mkdir(parents=True)
        (place / "a").write_text("x")
        await told.until(lambda: "a" in told.names or len(told.changes) > 1)


async def test_other_permissions_of_the_directory_are_noticed(tmp_path: Path) -> None:
    async with watching(tmp_path) as told:
        tmp_path.chmod(0o750)
        await told.until(lambda: told.is_everything)


async def test_removed_directories_are_noticed_while_somebody_holds_them(tmp_path: Path) -> None:
    place = tmp_path / "one" / "two"
    place.mkdir(parents=True)
    holding = [os.open(folder, os.O_RDONLY) for folder in (place, place.parent)]
    try:
        async with watching(place) as told:
            place.rmdir()
            await told.until(lambda: len(told.changes) == 1)
            place.parent.rmdir()
            await told.until(lambda: len(told.changes) == 2)
            place.mkdir(parents=True)
            await told.until(lambda: len(told.changes) == 3)
            (place / "a").write_text("x")
            await told.until(lambda: "a" in told.names)
    finally:
        for fd in holding:
            os.close(fd)


async def test_what_a_link_leads_to_may_come_later(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("not/yet")
    async with watching(tmp_path / "link") as told:
        (tmp_path / "not" / "yet").mkdir(parents=True)
        await told.until(lambda: told.is_everything)
        (tmp_path / "not" / "yet" / "a").write_text("x")
        await told.until(lambda: "a" in told.names or len(told.changes) > 1)


async def test_a_file_in_place_of_the_directory_may_go_even_if_it_has_another_name(
    tmp_path: Path,
) -> None:
    place = tmp_path / "place"
    place.write_text("x")
    (tmp_path / "other").hardlink_to(place)
    async with watching(place) as told:
        place.unlink()
        place.mkdir()
        await told.until(lambda: told.is_everything)
        (place / "a").write_text("x")
        await told.until(lambda: "a" in told.names or len(told.changes) > 1)


@pytest.mark.parametrize("path", ["/a/b/c", "//a/./b//c/"])
async def test_the_way_leads_through_every_directory(path: str) -> None:
    assert list(way_to(path)) == [("/", "a"), ("/a", "b"), ("/a/b", "c")]


async def test_the_way_follows_links_and_ends_in_circles(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/../real")
    (tmp_path / "loop").symlink_to("loop")
    base = str(tmp_path)

    steps = list(way_to(f"{base}/link/x"))
    assert steps[-4:] == [
        (base, "link"),
        (base, "real"),
        (base, "real"),
        (f"{base}/real", "x"),
    ]
    assert len(list(way_to(f"{base}/loop"))) < 100
