"""Responses mean what they mean to Kubernetes, in one piece or byte by byte."""

from __future__ import annotations

from typing import Any

import pytest

from agent.action.handler import Role
from agent.action.result import Outcome
from agent.model.handler import HTTPGetAction
from tests.support import tables
from tests.support.http_scripts import Says, ScriptedNetwork, get
from tests.support.virtual_loop import VirtualLoop

SHORT = {
    "GET": 'Get "http://127.0.0.1:80/": ',
    "BROKEN": "net/http: HTTP/1.x transport connection broken: ",
}


@pytest.mark.parametrize("piece", [0, 1], ids=["whole", "by bytes"])
@tables.rows("http_responses")
def test_a_response_means(row: dict[str, Any], piece: int) -> None:
    data = row["sends"].encode("latin-1") + b"b" * row.get("body", 0)
    says = Says(data=data, piece=piece, then=row.get("then", "close"))
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(probe(says, Role(row.get("role", "probe"))))
    finally:
        loop.close()

    assert result.outcome is Outcome(row.get("outcome", "success"))
    if "length" in row:
        assert result.output == "b" * row["length"]
    else:
        assert result.output == expanded(row["output"])


async def probe(says: Says, role: Role) -> Any:
    """Execute a handler against a server that says that."""
    return await get(HTTPGetAction(port=80, path="/"), ScriptedNetwork([says]), role=role)


def expanded(text: str) -> str:
    for word, meaning in SHORT.items():
        text = text.replace(word, meaning)
    return text
