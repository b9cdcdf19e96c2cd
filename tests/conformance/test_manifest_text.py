"""Scalars, numbers, times and syntax errors are read as Kubernetes reads them."""

from __future__ import annotations

from typing import Any

import pytest

from agent.manifest import go_time, image_reference, json_text, yaml_scalars
from agent.manifest.document import TextError
from tests.support import tables


@tables.rows("yaml_scalars")
def test_a_yaml_scalar_means_what_goyaml_makes_of_it(row: dict[str, Any]) -> None:
    tag = f"tag:yaml.org,2002:{row['tag']}" if "tag" in row else ""
    if "error" in row:
        with pytest.raises(yaml_scalars.ScalarError) as raised:
            yaml_scalars.resolve(tag, row["text"])
        assert raised.value.go_text == row["error"]
        return

    value = yaml_scalars.resolve(tag, row["text"])

    assert value == row["value"]
    assert isinstance(value, bool) == isinstance(row["value"], bool)


@tables.rows("go_floats")
def test_a_float_is_written_as_go_writes_it(row: dict[str, Any]) -> None:
    assert yaml_scalars.float_text(row["value"]) == row["text"]


@tables.rows("json_errors")
def test_a_json_error_has_the_words_of_go(row: dict[str, Any]) -> None:
    with pytest.raises(TextError) as raised:
        json_text.read(row["text"])

    assert raised.value.go_text == row["error"]
    assert raised.value.line == row["line"]


@tables.rows("go_times")
def test_a_time_is_read_or_refused_as_by_go(row: dict[str, Any]) -> None:
    if "error" in row:
        with pytest.raises(go_time.TimeError) as raised:
            go_time.parse(row["text"])
        assert str(raised.value) == f'parsing time "{row["text"]}"{row["error"]}'
        return

    assert go_time.parse(row["text"]).isoformat() == row["instant"]


@tables.rows("image_references")
def test_an_image_reference_is_taken_apart(row: dict[str, Any]) -> None:
    parsed = image_reference.parse(row["text"])

    parts = None if parsed is None else [parsed.domain, parsed.path, parsed.tag, parsed.digest]
    assert parts == row.get("parts")
