"""A pod is decoded, strictly or not, as the API server's decoder does it."""

from __future__ import annotations

from typing import Any

from agent.manifest.decode import decode
from agent.manifest.json_text import read
from agent.model.pod import Pod
from tests.support import tables


@tables.rows("decode_errors")
def test_a_decode_error_names_go_types(row: dict[str, Any]) -> None:
    decoded = decode(Pod, read(f'{{"spec":{row["spec"]}}}').value)

    assert decoded.error == row["error"]


@tables.rows("strict_errors")
def test_a_strict_decoder_minds_names(row: dict[str, Any]) -> None:
    decoded = decode(Pod, read(f'{{"spec":{row["spec"]}}}').value)

    assert list(decoded.strict_errors) == row["errors"]
    assert decoded.error is None
