"""Conformance tables: one row of YAML is one documented behaviour of Kubernetes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

TABLES = Path(__file__).parent.parent / "conformance" / "tables"


def rows(table: str) -> pytest.MarkDecorator:
    """The rows of `tables/TABLE.yaml` as parameters; a row's `name`, if any, is its test id."""
    loaded: list[dict[str, Any]] = yaml.safe_load(
        (TABLES / f"{table}.yaml").read_text(encoding="utf-8")
    )
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.get("name")) for row in loaded])
