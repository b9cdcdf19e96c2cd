"""Failures in kubectl's words."""

from __future__ import annotations

from typing import Any

import pytest

from agent.cli.client.errors import ClientError, PlainError, Refused

_CAUSES = [{"field": "spec.a", "message": "Required value"}, {"field": "b", "message": "Invalid"}]


def _invalid(*causes: Any, **details: str) -> Refused:
    return Refused(
        {"reason": "Invalid", "message": "all of it", "details": {**details, "causes": causes}}
    )


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ClientError("wrong"), "error: wrong"),
        (PlainError("wrong"), "wrong"),
        (
            Refused({"reason": "NotFound", "message": 'pods "x" not found'}),
            'Error from server (NotFound): pods "x" not found',
        ),
        (Refused({"message": "m"}), "Error from server: m"),
        (
            Refused({"reason": "Conflict", "message": "m"}).during("creating", "f.yaml"),
            'Error from server (Conflict): error when creating "f.yaml": m',
        ),
        (
            _invalid(_CAUSES[0], kind="Pod", name="web"),
            'The Pod "web" is invalid: spec.a: Required value',
        ),
        (
            _invalid(*_CAUSES, _CAUSES[0], kind="Pod", name="web"),
            'The Pod "web" is invalid: \n* spec.a: Required value\n* b: Invalid',
        ),
        (_invalid(kind="Pod", name="web"), 'The Pod "web" is invalid: all of it'),
        (_invalid(_CAUSES[1]), "The request is invalid: b: Invalid"),
    ],
)
def test_what_is_printed(error: ClientError, shown: str) -> None:
    assert error.shown == shown
