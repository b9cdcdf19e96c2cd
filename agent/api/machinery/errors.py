"""The failures that clients know, in the API server's words (apimachinery: api/errors)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent.manifest.create import invalid_message
from agent.manifest.errors import FieldError
from agent.model.api import Status, StatusCause, StatusDetails
from agent.model.gotext import quote

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


class APIError(Exception):
    """A request that is refused; `status` is the answer."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message)
        self.status = status


class Named(msgspec.Struct, frozen=True):
    """What a failure is about: a resource of a group, and a name."""

    group: str
    resource: str
    name: str = ""

    @property
    def shown(self) -> str:
        """`pods "web"`, `leases.coordination.k8s.io "x"`."""
        full = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{full} {quote(self.name)}"

    def details(self, causes: tuple[StatusCause, ...] = ()) -> StatusDetails:
        """The same for programs."""
        return StatusDetails(name=self.name, group=self.group, kind=self.resource, causes=causes)


def failure(code: int, reason: str, message: str, details: StatusDetails | None = None) -> APIError:
    """A refusal with a Status of our own making."""
    return APIError(
        Status(
            kind="Status",
            api_version="v1",
            status="Failure",
            message=message,
            reason=reason,
            details=details,
            code=code,
        )
    )


def bad_request(message: str) -> APIError:
    """The request itself makes no sense."""
    return failure(400, "BadRequest", message)


def unauthorized() -> APIError:
    """Nobody knows who asks."""
    return failure(401, "Unauthorized", "Unauthorized")


def forbidden(what: Named, why: str) -> APIError:
    """Known, but not allowed."""
    message = f"{what.shown} is forbidden: {why}"
    return failure(403, "Forbidden", message, what.details())


def forbidden_path(why: str) -> APIError:
    """A request that is refused whatever it asks for."""
    return failure(403, "Forbidden", f"forbidden: {why}", StatusDetails())


def not_found(what: Named) -> APIError:
    """There is no such object."""
    return failure(404, "NotFound", f"{what.shown} not found", what.details())


def no_such_path() -> APIError:
    """There is no such resource."""
    message = "the server could not find the requested resource"
    return failure(404, "NotFound", message, StatusDetails())


def method_not_allowed() -> APIError:
    """The resource is there, but this cannot be done with it."""
    message = "the server does not allow this method on the requested resource"
    return failure(405, "MethodNotAllowed", message, StatusDetails())


def not_acceptable(accepted: Iterable[str]) -> APIError:
    """The client wants a representation that there is not."""
    message = f"only the following media types are accepted: {', '.join(accepted)}"
    return failure(406, "NotAcceptable", message)


def already_exists(what: Named) -> APIError:
    """The name is taken."""
    return failure(409, "AlreadyExists", f"{what.shown} already exists", what.details())


def timed_out(why: str) -> APIError:
    """The client took too long."""
    return failure(408, "Timeout", why)


def conflict(what: Named, why: str = MODIFIED) -> APIError:
    """Somebody else was faster, or the object is not the one that was meant."""
    message = f"Operation cannot be fulfilled on {what.shown}: {why}"
    return failure(409, "Conflict", message, what.details())


def expired(message: str) -> APIError:
    """A version or a page that is not remembered any more."""
    return failure(410, "Expired", message)


def too_large(limit: int) -> APIError:
    """The body is longer than we read."""
    message = f"Request entity is too large: limit is {limit}"
    return failure(413, "RequestEntityTooLarge", message)


def unsupported_media(accepted: Iterable[str]) -> APIError:
    """The body is in a format that we do not read."""
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        f"{', '.join(accepted)}"
    )
    return failure(415, "UnsupportedMediaType", message)


def invalid(group: str, kind: str, name: str, errors: Iterable[FieldError]) -> APIError:
    """The object breaks rules; every one is told."""
    found = tuple(errors)
    causes = tuple(
        StatusCause(reason=error.type.value, message=error.body, field=error.path or "<nil>")
        for error in found
    )
    full = f"{kind}.{group}" if group else kind
    details = StatusDetails(name=name, group=group, kind=kind, causes=causes)
    return failure(422, "Invalid", invalid_message(full, name, found), details)


def too_many(what: str, limit: int) -> APIError:
    """We are busy with others; clients try again by themselves."""
    message = f"too many {what} at a time: the limit is {limit}, please try again later"
    return failure(429, "TooManyRequests", message, StatusDetails(retry_after_seconds=1))


def unavailable(why: str) -> APIError:
    """Not now; clients may try again."""
    return failure(503, "ServiceUnavailable", why)


def internal(message: str) -> APIError:
    """A bug of ours, of which the client learns no more than that."""
    return failure(500, "InternalError", f"Internal error occurred: {message}")


def success(what: Named, uid: str) -> Status:
    """What answers a deletion that is done."""
    details = msgspec.structs.replace(what.details(), uid=uid)
    return Status(kind="Status", api_version="v1", status="Success", details=details)
