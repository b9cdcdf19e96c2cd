"""What lies in a state directory is private, and is renamed rather than removed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store.place import Place, StateInUseError, StoreError
from tests.support.stores import utc

pytestmark = pytest.mark.integration


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A claimed state directory."""
    found = Place(str(tmp_path / "state"))
    found.claim()
    yield found
    found.release()


def test_the_database_becomes_private(place: Place) -> None:
    Path(place.path).touch(mode=0o644)

    place.ensure_database()

    assert stat.S_IMODE(Path(place.path).stat().st_mode) == 0o600
    assert place.size() == 0
    assert place.size("-wal") is None


def test_database_and_log_are_set_aside_together(place: Place) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(place.path + suffix).write_text(suffix)

    first = place.set_aside("damaged", utc(2025))
    Path(place.path).write_text("second")
    second = place.set_aside("damaged", utc(2025))

    assert first == f"{place.path}.damaged-20250101T000000Z"
    assert Path(f"{first}-wal").read_text() == "-wal"
    assert second == f"{first}.2"
    assert Path(second).read_text() == "second"
    assert place.identity() is None
    assert not Path(f"{place.path}-shm").exists()


def test_a_claimed_directory_is_refused_to_others(place: Place) -> None:
    place.claim()

    with pytest.raises(StateInUseError) as refused:
        Place(str(Path(place.path).parent)).claim()

    assert refused.value.pid == os.getpid()


def test_a_directory_in_place_of_the_database_is_refused(place: Place) -> None:
    Path(place.path).mkdir()

    with pytest.raises(StoreError, match="not what belongs there"):
        place.ensure_database()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_refused(place: Place) -> None:
    Path(place.path).touch()
    os.chown(place.path, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to user 12345"):
        place.ensure_database()

    folder = Path(place.path).parent
    place.release()
    os.chown(folder, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to user 12345"):
        place.claim()
