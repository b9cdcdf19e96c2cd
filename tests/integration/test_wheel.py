"""What is built holds everything that is needed: a wheel of this tree, used as it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

_ROOT = Path(__file__).parents[2]
_BUILD = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
_USE = """
import sys
sys.path.insert(0, sys.argv[1])
from agent.api.descriptions import reader
from agent.model.handler import Probe
print(reader.__file__)
print(reader.description(Probe, "periodSeconds"))
"""


def _python(folder: Path, code: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_wheel_has_all_descriptions(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(_ROOT / name, tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(_ROOT / "agent", tmp_path / "agent", ignore=ignored)
    wheel = tmp_path / _python(tmp_path, _BUILD)[-1]
    data = {str(path.relative_to(_ROOT)) for path in (_ROOT / "agent").rglob("*.toml")}
    assert data
    assert data <= set(ZipFile(wheel).namelist())

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file, told = _python(elsewhere, _USE, str(wheel))
    assert file.startswith(str(wheel))
    assert told == "How often to probe, in seconds. Default 10, at least 1."
