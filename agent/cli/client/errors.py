"""Why a command cannot do what it was asked to, in kubectl's words (cmd/util/helpers.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.model.gotext import quote


class ClientError(Exception):
    """What is wrong, as it is printed: kubectl puts `error: ` before it."""

    @property
    def shown(self) -> str:
        """The text for people, whole lines."""
        return f"error: {self}"


class PlainError(ClientError):
    """The same without a word before it."""

    @property
    def shown(self) -> str:
        return str(self)


class Refused(ClientError):
    """The server said no; `status` is its answer."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        super().__init__(str(status.get("message", "")))
        self.status = status

    @property
    def reason(self) -> str:
        """`NotFound`, `Conflict`; "" when it gave none."""
        return str(self.status.get("reason", ""))

    @property
    def code(self) -> int:
        """The HTTP status."""
        return int(self.status.get("code", 0))

    def during(self, what: str, source: str) -> Refused:
        """The same with what was attempted (cmdutil.AddSourceToErr)."""
        message = f"error when {what} {quote(source)}: {self}"
        return Refused({**self.status, "message": message})

    @property
    def shown(self) -> str:
        details = self.status.get("details") or {}
        if self.reason == "Invalid" and details:
            return _invalid(details, str(self))
        of = f" ({self.reason})" if self.reason else ""
        return f"Error from server{of}: {self}"


def _invalid(details: Mapping[str, Any], message: str) -> str:
    """What is wrong with an object, field by field."""
    if details.get("kind") or details.get("name"):
        what = f"The {details.get('kind', '')} {quote(details.get('name', ''))} is invalid"
    else:
        what = "The request is invalid"
    causes = [f"{one.get('field', '')}: {one.get('message', '')}" for one in details["causes"]]
    told = list(dict.fromkeys(causes))
    if not told:
        return f"{what}: {message}"
    if len(told) == 1:
        return f"{what}: {told[0]}"
    return "\n".join((f"{what}: ", *(f"* {cause}" for cause in told)))
