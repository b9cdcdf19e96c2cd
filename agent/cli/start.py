"""The start of a foreground run: what is read, checked and imported, and in which order."""

from __future__ import annotations

import sys

from agent.cli.manifests import read_config, read_manifest
from agent.host.launch import Launched, launch


def start(
    files: tuple[str, ...],
    *,
    config_file: str | None = None,
    output: str = "text",
    launched: Launched | None,
    serves: bool = False,
) -> int:
    """Run the pods of `files` to their end; the exit code of the command.

    `launched` is the helper process that was started first, if the machine let us; `serves` lets
    kubectl in.
    """
    config = read_config(config_file)
    manifest = read_manifest(files)
    if launched is None:
        try:
            launched = launch()
        except OSError as exc:
            sys.stderr.write(f"barepod: cannot start a process: {(exc.strerror or '').lower()}\n")
            return 1
    # Only what was not refused pays for asyncio and the rest.
    from agent.cli.foreground import Foreground

    return Foreground(config, manifest, output, launched, serves=serves).run()
