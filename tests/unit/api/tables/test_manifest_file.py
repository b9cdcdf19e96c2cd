"""The row of a file of the manifest directory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.api.tables.table import cells, columns
from agent.model.manifest_file import ManifestFile, ManifestFileStatus
from agent.model.meta import ObjectMeta

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (
            ManifestFileStatus(state="Active", path="/m/a.yaml", pods=("default/web", "team/api")),
            ("a.yaml", "Active", "web,team/api", "<none>", "5m", "/m/a.yaml"),
        ),
        (
            ManifestFileStatus(state="Broken", path="/m/a.yaml", problems=("bad",)),
            ("a.yaml", "Broken", "<none>", "bad", "5m", "/m/a.yaml"),
        ),
        (
            ManifestFileStatus(state="Conflict", problems=("one", "two", "three")),
            ("a.yaml", "Conflict", "<none>", "one (and 2 more)", "5m", ""),
        ),
    ],
)
def test_row(status: ManifestFileStatus, shown: tuple[str, ...]) -> None:
    born = NOW - timedelta(minutes=5)
    file = ManifestFile(metadata=ObjectMeta(name="a.yaml", creation_timestamp=born), status=status)

    assert cells("ManifestFile", file, NOW) == shown
    assert [one.name for one in columns("ManifestFile") if one.priority] == ["Path"]
