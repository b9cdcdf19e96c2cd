"""README says what is true: its commands run, its configuration loads, its help is the help."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent import config
from tests.examples.test_examples import wait_for_free_ports
from tests.support import readme
from tests.support.barepod import ROOT
from tests.support.readme import Block

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

TEXT = readme.README.read_text()
BLOCKS = list(readme.blocks(TEXT))
_PATIENCE = 120.0
_DEMO_IS_READY = re.compile(rb"quickstart +1/1 ready")
#: What would run this test again; the rest of its block is run.
_OURSELVES = "make test"
_NO_INDEX = ("No matching distribution", "Could not find a version", "Failed to establish")


def shell_blocks() -> list[Block]:
    return [block for block in BLOCKS if block.language == "sh"]


class Tree:
    """A copy of this tree, and a home, in which README is followed from top to bottom."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "barepod"
        self.home = folder / "home"
        self.home.mkdir()
        names = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in names.splitlines():
            if (ROOT / name).is_file():  # not what is deleted but not committed
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.path / name)
        self._pretend_installed()
        node = "\n".join(f'{key} = "{folder}/{key}"' for key in ("log_dir", "run_dir"))
        (folder / "barepod.toml").write_text(f"[node]\n{node}\n")
        self._config = str(folder / "barepod.toml")

    def _pretend_installed(self) -> None:
        """Our own interpreter is the tree's: `make` has nothing to fetch, `barepod` is here."""
        for folder in (self.path / ".venv" / "bin", self.home / "bin"):
            folder.mkdir(parents=True)
            for name, rest in (("python", ""), ("python3", ""), ("barepod", "-m agent ")):
                program = folder / name
                program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {rest}"$@"\n')
                program.chmod(0o755)
        for mark in (".ready", ".ready-dev"):
            (self.path / ".venv" / mark).touch()

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("LANG", "TERM") if name in os.environ}
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        path = f"{self.home / 'bin'}:{os.environ['PATH']}"
        ours = {"HOME": str(self.home), "PATH": path, "BAREPOD_CONFIG": self._config}
        return {**kept, **pip, **ours}

    def run(self, script: str) -> tuple[int, str]:
        """Run a script on a terminal; Ctrl-C is typed as soon as the demo is ready."""
        pid, terminal = pty.fork()
        if pid == 0:  # pragma: no cover - the child
            os.chdir(self.path)
            os.execvpe("sh", ["sh", "-euc", script], self.environ)
        try:
            said = _talk(terminal)
        finally:
            os.close(terminal)
            _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), said


def _talk(terminal: int) -> str:
    said, typed = b"", False
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        readable, _, _ = select.select([terminal], [], [], 1.0)
        if not readable:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # nobody holds the other end any more
            return said.decode("utf-8", "replace").replace("\r", "")
        said += data
        if _DEMO_IS_READY.search(said) and not typed:
            os.write(terminal, b"\x03")
            typed = True
    pytest.fail(f"it did not end in time:\n{said.decode('utf-8', 'replace')}")


@contextmanager
def copied_tree() -> Iterator[Tree]:
    with tempfile.TemporaryDirectory(prefix="barepod-readme-") as name:
        yield Tree(Path(name))


def test_readme_begins_with_two_commands() -> None:
    first = shell_blocks()[0]

    assert [line.partition("#")[0].strip() for line in first.text.splitlines()] == [
        "make demo",
        "make test",
    ]
    assert first.line < 20


def test_the_commands_of_readme_run_as_written_in_its_order() -> None:
    outputs: list[str] = []
    with copied_tree() as tree:
        for block in shell_blocks():
            if "make demo" in block.text:
                wait_for_free_ports(ROOT / "config" / "examples" / "quickstart.yaml")
            script = "".join(
                line for line in block.text.splitlines(keepends=True) if _OURSELVES not in line
            )
            code, said = tree.run(script)
            if code and any(text in said for text in _NO_INDEX) and not os.environ.get("CI"):
                continue  # an installation, on a machine without a package index
            expected = -2 if "make demo" in script else 0  # make ends by the signal it got
            assert code == expected, f"README.md:{block.line}\n{said}"
            outputs.append(said)
    for folder in re.findall(r"made (/tmp/barepod-[0-9a-f-]+)$", outputs[0], re.MULTILINE):
        shutil.rmtree(folder)

    assert "goodbye" in outputs[0]
    assert "Deleted" in outputs[0]
    assert "hello from hello" in "".join(outputs)
    assert "MODIFIED Succeeded" in "".join(outputs)


def test_configuration_in_readme_is_good() -> None:
    tables = [block for block in BLOCKS if block.language == "toml"]

    assert tables
    for block in tables:
        config.parse_config(block.text, f"README.md:{block.line}", _NODE)


_NODE = {
    "name": "vm",
    "manifest_dir": "/m",
    "state_dir": "/s",
    "log_dir": "/l",
    "run_dir": "/r",
}


def test_every_block_has_a_language() -> None:
    assert {block.language for block in BLOCKS} == {"sh", "text", "toml"}


def test_the_help_in_readme_is_what_the_commands_print() -> None:
    assert readme.with_reference(TEXT) == TEXT, "refresh it: make docs"


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT)

    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
