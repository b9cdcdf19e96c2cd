"""Where a termination message comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.pod.message import TerminationMessage

pytestmark = pytest.mark.asyncio


async def log() -> str:
    return "end of the log"


async def broken_log() -> str:
    raise NotADirectoryError(20, "Not a directory")


def message(path: Path, *, policy: str = "File") -> TerminationMessage:
    return TerminationMessage(str(path), policy, log)


async def test_it_is_what_the_container_left_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "c.0"
    path.write_text("last words")

    assert await message(path, policy="FallbackToLogsOnError").read(1, "Error") == "last words"
    assert not path.exists()


async def test_only_the_end_of_a_long_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "c.0"
    path.write_text("x" * 5000 + "y" * 4096)

    assert await message(path).read(0, "Completed") == "y" * 4096


@pytest.mark.parametrize(
    ("policy", "exit_code", "expected"),
    [
        ("FallbackToLogsOnError", 1, "end of the log"),
        ("FallbackToLogsOnError", 0, ""),
        ("File", 1, ""),
    ],
)
@pytest.mark.parametrize("is_empty", [True, False], ids=["empty", "missing"])
async def test_without_one_the_log_stands_in_for_a_failure_if_that_is_wanted(
    tmp_path: Path, policy: str, exit_code: int, expected: str, is_empty: bool
) -> None:
    path = tmp_path / "c.0"
    if is_empty:
        path.touch()

    assert await message(path, policy=policy).read(exit_code, "Error") == expected


async def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.0"
    path.symlink_to("/etc/hostname")

    text = await message(path, policy="FallbackToLogsOnError").read(1, "Error")

    assert text == (f"Error on reading termination log {path}: too many levels of symbolic links")
    assert not path.is_symlink()


async def test_a_log_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    broken = TerminationMessage(str(tmp_path / "c.0"), "FallbackToLogsOnError", broken_log)

    text = await broken.read(1, "Error")

    assert text == "Error on reading termination message from logs: not a directory"


async def test_a_run_that_never_began_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "c.0"
    path.touch()

    message(path).remove()
    message(path).remove()

    assert not path.exists()
