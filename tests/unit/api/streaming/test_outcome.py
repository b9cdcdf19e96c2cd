"""What a client is told at the end."""

from __future__ import annotations

import json

from agent.api.streaming import outcome
from agent.host.process import ExitStatus, SpawnError


def test_an_exit_code_is_a_cause() -> None:
    assert json.loads(outcome.of_exit(ExitStatus(0)))["status"] == "Success"
    assert json.loads(outcome.of_exit(ExitStatus(137, signal=9))) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": "command terminated with non-zero exit code: exit status 137",
        "details": {"causes": [{"reason": "ExitCode", "message": "137"}]},
    }


def test_what_could_not_be_started_has_no_exit_code() -> None:
    texts = [
        json.loads(outcome.not_started(exc))
        for exc in (SpawnError("no such thing", stage="lookup"), OSError(24, "Too many open files"))
    ]

    start = "error executing command in container: unable to start container process: "
    assert [text["message"] for text in texts] == [
        f"Internal error occurred: {start}no such thing",
        f"Internal error occurred: {start}too many open files",
    ]
    assert {text["reason"] for text in texts} == {"InternalError"}
