"""How one execution of a handler ended."""

from __future__ import annotations

import msgspec

from agent.model.runtime import Outcome

__all__ = ["ActionResult", "Outcome"]


class ActionResult(msgspec.Struct, frozen=True):
    """The outcome and its text.

    `output` is what events and messages show: the failure text, the captured output (at most
    10 KiB) or the warning. For ERROR it is the error text: the handler could not be carried out,
    which says nothing about the container.
    `fallback` is set by https hooks only: the host and port that answered in plain HTTP, where
    the request then succeeded.
    `exit_code` is set by exec handlers only, when the command ran to its end.
    """

    outcome: Outcome
    output: str = ""
    exit_code: int | None = None
    fallback: str = ""
