"""The start of a foreground run: what is read, checked and imported, and in which order."""

from __future__ import annotations

from agent.cli.manifests import read_config, read_manifest
from agent.host.launch import Launched


def start(
    files: tuple[str, ...],
    *,
    config_file: str | None = None,
    output: str = "text",
    launched: Launched | None,
) -> int:
    """Run the pods of `files` to their end; the exit code of the command.

    `launched` is the helper process that was started first.
    """
    config = read_config(config_file)
    manifest = read_manifest(files)
    # Only what was not refused pays for asyncio and the rest.
    from agent.cli.foreground import Foreground

    return Foreground(config, manifest, output, launched).run()
