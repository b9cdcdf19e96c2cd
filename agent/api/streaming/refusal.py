"""Why is a request not served? In Kubernetes' words, as a Status object (meta/v1)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web


class Refusal(Exception):
    """A request that is refused before anything of its answer was sent."""

    def __init__(
        self, code: int, reason: str, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.headers = headers or {}

    def response(self) -> web.Response:
        """The answer to send."""
        body = status("Failure", message=self.message, reason=self.reason, code=self.code)
        return web.Response(
            status=self.code, body=body, content_type="application/json", headers=self.headers
        )


def bad_request(message: str) -> Refusal:
    """The client asked for something that does not make sense."""
    return Refusal(400, "BadRequest", message)


def status(result: str, **fields: object) -> bytes:
    """A Status object; fields without a value are left out."""
    present = {name: value for name, value in fields.items() if value}
    return msgspec.json.encode(
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": result, **present}
    )
