"""What a replacement is started with, and what is said when it does not start."""

from __future__ import annotations

import pytest

from agent.host.process import Captured, SpawnError
from agent.host.reexec import parse_environment, preflight_problem, split_command


@pytest.mark.parametrize(
    ("orig_argv", "argv", "expected"),
    [
        (
            ["python3", "-m", "agent", "agent", "--config", "f"],
            ["/x/agent/__main__.py", "agent", "--config", "f"],
            (("/bin/python3", "-m", "agent"), ("agent", "--config", "f")),
        ),
        (
            ["/venv/bin/python", "-I", "/venv/bin/barepod", "agent"],
            ["/venv/bin/barepod", "agent"],
            (("/bin/python3", "-I", "/venv/bin/barepod"), ("agent",)),
        ),
        (["barepod"], ["barepod"], (("/bin/python3",), ())),
    ],
    ids=["module", "script", "nothing"],
)
def test_how_a_program_was_called(
    orig_argv: list[str], argv: list[str], expected: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    assert split_command("/bin/python3", orig_argv, argv) == expected


def test_an_environment_is_read_as_the_kernel_has_it() -> None:
    text = b"A=1\0EMPTY=\0B=x=y\0\xff=\xfe\0no variable\0"

    found = parse_environment(text)

    assert found == {"A": "1", "EMPTY": "", "B": "x=y", "\udcff": "\udcfe"}


@pytest.mark.parametrize(
    ("captured", "expected"),
    [
        (Captured(0, b"barepod 2\n"), ""),
        (Captured(1, b"\nSyntaxError: x\n"), '"p version" exited with 1: SyntaxError: x'),
        (Captured(2), '"p version" exited with 2'),
        (Captured(None, timed_out=True), '"p version" takes over 30 s'),
        (
            Captured(None, error=SpawnError("exec: not found", stage="lookup")),
            "exec: not found",
        ),
    ],
    ids=["well", "says why", "silent", "hangs", "missing"],
)
def test_a_broken_version_says_why(captured: Captured, expected: str) -> None:
    prefix = "the new version does not start: " if expected else ""

    assert preflight_problem("p version", captured) == prefix + expected


def test_only_the_end_of_a_long_complaint_is_told() -> None:
    problem = preflight_problem("p version", Captured(1, b"x" * 9000 + b"the reason"))

    assert problem.endswith("the reason")
    assert len(problem) < 700
