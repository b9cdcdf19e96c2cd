"""A Table carries columns, rows, and as much of the objects as was asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from agent.api.tables import IncludeObject, columns, table
from agent.model.meta import ListMeta
from agent.model.namespace import Namespace

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
TEAM: dict[str, Any] = {
    "kind": "Namespace",
    "apiVersion": "v1",
    "metadata": {
        "name": "team",
        "resourceVersion": "7",
        "creationTimestamp": "2025-06-01T11:50:00Z",
        "labels": {"a": "b"},
    },
    "spec": {},
    "status": {"phase": "Active"},
}


def namespace(**changes: Any) -> Namespace:
    """The namespace `team`, with changed metadata."""
    return msgspec.convert({**TEAM, "metadata": {**TEAM["metadata"], **changes}}, Namespace)


def wire(made: dict[str, Any]) -> dict[str, Any]:
    """The table as a client reads it."""
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return read


def test_a_table_is_what_a_client_expects() -> None:
    made = table("Namespace", [namespace()], NOW, list_metadata=ListMeta(resource_version="9"))

    seen = wire(made)
    descriptions = [column.pop("description") for column in seen["columnDefinitions"]]
    assert all(descriptions)
    assert seen == {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "9"},
        "columnDefinitions": [
            {"name": "Name", "type": "string", "format": "name", "priority": 0},
            {"name": "Status", "type": "string", "format": "", "priority": 0},
            {"name": "Age", "type": "string", "format": "", "priority": 0},
        ],
        "rows": [
            {
                "cells": ["team", "Active", "10m"],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": TEAM["metadata"],
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("Object", {"cells": ["team", "Active", "10m"], "object": TEAM}),
        ("None", {"cells": ["team", "Active", "10m"]}),
    ],
)
def test_a_row_carries_the_whole_object_or_nothing(
    include: IncludeObject, expected: dict[str, Any]
) -> None:
    made = table("Namespace", [namespace()], NOW, include_object=include)

    assert wire(made)["rows"] == [expected]


def test_the_table_of_one_object_has_its_version() -> None:
    assert table("Namespace", [namespace()], NOW)["metadata"] == {"resourceVersion": "7"}


def test_a_page_of_a_list_says_how_it_goes_on() -> None:
    page = ListMeta(resource_version="9", continue_="next", remaining_item_count=3)

    made = table("Namespace", [namespace(), namespace(name="other")], NOW, list_metadata=page)

    assert made["metadata"] == {
        "resourceVersion": "9",
        "continue": "next",
        "remainingItemCount": 3,
    }
    assert [row["cells"][0] for row in made["rows"]] == ["team", "other"]


def test_an_empty_list_is_a_table_without_rows() -> None:
    made = wire(table("Pod", [], NOW, list_metadata=ListMeta(resource_version="9")))

    assert made["rows"] == []
    assert len(made["columnDefinitions"]) == 9


def test_later_tables_of_a_watch_need_no_columns() -> None:
    made = table("Namespace", [namespace()], NOW, with_columns=False)

    assert wire(made)["columnDefinitions"] == []


@pytest.mark.parametrize("kind", ["PodMetrics", "NodeMetrics", "Widget"])
def test_a_kind_without_columns_of_its_own_has_name_and_age(kind: str) -> None:
    assert [column.name for column in columns(kind)] == ["Name", "Age"]
    assert list(table(kind, [namespace()], NOW)["rows"][0]["cells"]) == ["team", "10m"]
