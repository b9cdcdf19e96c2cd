"""Shell completion as a real bash asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import barepod

pytestmark = pytest.mark.integration

Tab = Callable[[str], list[str]]

#: Ask as bash does when TAB is pressed at the end of `$LINE`; `compopt` works only in there.
_TAB = """
set -eu
source <(barepod completion bash)
compopt() { echo "compopt $1 $2"; }
read -ra COMP_WORDS <<< "$LINE"
case "$LINE" in *' ') COMP_WORDS+=('');; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMPREPLY=()
_barepod_completion barepod
if [ ${#COMPREPLY[@]} -gt 0 ]; then printf '%s\\n' "${COMPREPLY[@]}"; fi
"""


@pytest.fixture
def tab(tmp_path: Path) -> Tab:
    """Complete a line in a shell where `barepod` is this tree's."""
    program = tmp_path / "barepod"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m agent "$@"\n')
    program.chmod(0o755)

    def complete(line: str) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", _TAB],
            cwd=barepod.ROOT,
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "LINE": line},
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    return complete


def test_commands_are_completed(tab: Tab) -> None:
    assert tab("barepod v") == ["validate", "version"]


def test_options_are_completed(tab: Tab) -> None:
    assert tab("barepod run --o") == ["--output"]
    assert tab("barepod run --output ") == ["text", "json", "quiet"]


def test_files_are_left_to_the_shell(tab: Tab) -> None:
    assert tab("barepod run config/ex") == ["compopt -o default"]
    assert tab("barepod validate --config config/b") == ["compopt -o default"]


def test_container_names_come_from_the_file(tab: Tab) -> None:
    assert tab("barepod probe config/examples/startup.yaml --container ") == ["server"]
    assert tab("barepod probe config/examples/hooks-network.yaml -c r") == ["registry"]


def test_a_file_that_cannot_be_read_completes_nothing(tab: Tab) -> None:
    assert tab("barepod probe nowhere.yaml --container ") == []
