"""Why is a patch refused? The answers of the API server to patches that it cannot apply."""

from __future__ import annotations

from typing import Any

from agent.manifest import body
from agent.manifest.create import invalid_status
from agent.manifest.errors import invalid

_REJECTED = "the server rejected our request due to an error in our request"


class PatchError(Exception):
    """A patch that is refused; `status` is the API Status that answers the request."""

    def __init__(self, status: dict[str, Any]) -> None:
        super().__init__(status["message"])
        self.status = status


def bad_request(text: str) -> PatchError:
    """The body is not a patch of its type at all."""
    return PatchError(body.status(text))


def internal(text: str) -> PatchError:
    """The patch cannot be merged; the API server answers 500 and gives no reason."""
    return PatchError(body.status(text, code=500, reason=""))


def unprocessable(text: str) -> PatchError:
    """The patch cannot be applied to this object.

    The API server's message says nothing about it; what it keeps to itself is added as a cause.
    """
    status = body.status(_REJECTED, code=422, reason="Invalid")
    status["details"] = {"causes": [{"message": text, "field": "patch"}]}
    return PatchError(status)


def too_large(text: str) -> PatchError:
    """There is more in the patch than the API server allows."""
    text = f"Request entity is too large: {text}"
    return PatchError(body.status(text, code=413, reason="RequestEntityTooLarge"))


def invalid_patch(shown: str, text: str) -> PatchError:
    """What came of the patch is no object of its kind; `shown` is the patch or the result."""
    return PatchError(invalid_status("", "", [invalid("patch", shown, text)]))


def conflicting(text: str) -> PatchError:
    """Others have changed what the patch is about; only who makes a patch sees this."""
    return PatchError(body.status(text, code=409, reason="Conflict"))
