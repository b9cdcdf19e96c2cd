"""What does `get manifests` print? What became of each file of the manifest directory (ours)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agent.api.tables.column import AGE, NAME, NONE, Cells, age, text, wide
from agent.model.manifest_file import ManifestFile

COLUMNS: Final = (
    NAME,
    text("State", "Active, Broken, or Conflict when another file has some of its objects."),
    text("Pods", "Pods of its last good content."),
    text("Problems", "What is wrong with it."),
    AGE,
    wide("Path", "Where the file is."),
)


def cells(file: ManifestFile, now: datetime) -> Cells:
    """The row of a file; a problem is told in full where there is but one."""
    status = file.status
    return (
        file.metadata.name,
        status.state,
        ",".join(name.removeprefix("default/") for name in status.pods) or NONE,
        _problems(status.problems),
        age(file, now),
        status.path,
    )


def _problems(problems: tuple[str, ...]) -> str:
    if not problems:
        return NONE
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{problems[0]}{more}"
