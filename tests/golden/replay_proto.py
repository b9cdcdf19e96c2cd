"""Replays proto.jsonl: bodies in protobuf, read and written."""

from __future__ import annotations

import base64
from typing import Any

from agent.api.protobuf.body import read_body, write_body
from tests.golden.compare import difference


def replay(case: dict[str, Any]) -> str | None:
    """Compare the object that is read, and the bytes that are written."""
    expected = case["expected"]
    data = base64.b64decode(expected["base64"])
    found = difference(read_body(data).value, expected["json"])
    if found is not None:
        return f"read: {found}"
    written = write_body(expected["json"])
    return None if written == data else f"wrote {written.hex()}, expected {data.hex()}"
