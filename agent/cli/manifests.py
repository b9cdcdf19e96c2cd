"""Read configuration and manifests for a command; problems go to stderr and end it with code 2."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from agent import config
from agent.manifest.load import Manifest, load

EXIT_REFUSED = 2


def read_config(path: str | None) -> config.Config:
    """The configuration that this command uses."""
    try:
        return config.load(path, os.environ, os.geteuid())
    except config.ConfigError as exc:
        refuse(exc.problems)


def read_manifest(files: tuple[str, ...]) -> Manifest:
    """The pods of `files`, complete and valid, or the end of the command."""
    manifest = load(files)
    if manifest.problems:
        refuse(tuple(str(problem) for problem in manifest.problems))
    if not manifest.pods:
        refuse((f"{', '.join(files)}: no Pod in there: nothing to run",))
    return manifest


def refuse(lines: tuple[str, ...]) -> NoReturn:
    """Print what is wrong and exit; nothing was started."""
    for line in lines:
        print(line, file=sys.stderr)
    sys.exit(EXIT_REFUSED)
