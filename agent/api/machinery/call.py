"""One request as the handlers see it, and its answer: no HTTP library in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import msgspec

from agent.api.machinery.errors import bad_request
from agent.api.machinery.resource import Resource
from agent.model.gotext import quote

_INT64 = range(-(2**63), 2**63)


class User(msgspec.Struct, frozen=True):
    """Who asks; a reader may neither write nor see secrets."""

    name: str
    groups: tuple[str, ...] = ()
    is_reader: bool = False


class Query:
    """The parameters of a request, read as the API server reads them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """A text; "" when it is absent."""
        return self._values.get(name, "")

    def truth(self, name: str) -> bool:
        """Whether it is there and does not say no (Convert_Slice_string_To_bool)."""
        return name in self._values and self._values[name].lower() not in ("false", "0")

    def number(self, name: str) -> int | None:
        """A whole number, None when it is absent; APIError."""
        text = self.text(name)
        if not text:
            return None
        digits = text.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise bad_request(f"strconv.ParseInt: parsing {quote(text)}: invalid syntax")
        if (number := int(text)) not in _INT64:
            raise bad_request(f"strconv.ParseInt: parsing {quote(text)}: value out of range")
        return number

    def version(self, name: str) -> int:
        """A resource version, 0 when it is absent; APIError."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) < 20) and text:
            wrong = f"strconv.ParseUint: parsing {quote(text)}: invalid syntax"
            raise bad_request(f"{name}: Invalid value: {quote(text)}: {wrong}")
        return int(text or 0)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: a verb on a resource, with everything that came along."""

    verb: str
    resource: Resource
    user: User
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    query: Query = Query({})
    accept: str = ""
    content_type: str = ""
    user_agent: str = ""
    body: bytes = b""


class Pieces(Protocol):
    """A body as it comes; `aclose` ends what makes it, also when nobody has asked for any yet."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None: ...


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered: a body, or pieces of it as they come."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    pieces: Pieces | None = None
