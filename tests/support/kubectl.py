"""Where a kubectl is found, and how one ends."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

#: The minor versions that are tried where they are installed.
VERSIONS = ("1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33")
#: A folder with programs `kubectl.1.NN`.
FOLDER = "BAREPOD_KUBECTLS"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The words of each line."""
        return [line.split() for line in self.out.splitlines()]


def kubectl(version: str = "") -> str | None:
    """The path of a kubectl, of this minor version if given; None if it is not there."""
    if not version:
        return shutil.which("kubectl")
    for folder in _folders():
        found = folder / f"kubectl.{version}"
        if os.access(found, os.X_OK):
            return str(found)
    return None


def advice(version: str = "") -> str:
    """What to do where it is missing."""
    if not version:
        return "kubectl is not installed: see kubernetes.io/docs/tasks/tools"
    return (
        f"kubectl {version} is not installed: put it as kubectl.{version} into a folder, "
        f"and name that in {FOLDER}"
    )


def _folders() -> list[Path]:
    """The named folder, and those where a Google SDK has the versions its kubectl chooses from."""
    named = os.environ.get(FOLDER)
    folders = [Path(named)] if named else []
    for program in ("kubectl", "gcloud"):
        found = shutil.which(program)
        if found is not None:
            folders.append(Path(found).resolve().parent)
    return folders
