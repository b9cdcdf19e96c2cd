"""The door of the API: who comes in, what a path means, and how an answer goes out.

Whoever is not known learns nothing but that, whatever he asks. Nothing that a client does wrong
ends in a traceback. Imports aiohttp: import this late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from agent.api.access.rights import may
from agent.api.connections import SERVER
from agent.api.machinery.call import Answer, Call, Query, User
from agent.api.machinery.errors import (
    APIError,
    forbidden,
    forbidden_path,
    internal,
    method_not_allowed,
    no_such_path,
    not_found,
    timed_out,
    too_large,
    unauthorized,
)
from agent.api.machinery.machinery import Machinery
from agent.api.machinery.registry import Address, Registry
from agent.api.machinery.verbs import verb_of
from agent.api.pages import Pages
from agent.api.streaming.refusal import Refusal
from agent.host.clock import Clock
from agent.model.pod import Pod
from agent.store.interface import Store

#: Bytes that a body may have (apiserver: MaxRequestBodyBytes).
MAX_BODY = 3 * 1024 * 1024
#: Seconds for a body to come in, and for a piece of an answer to go out.
BODY_SECONDS = 30.0
WRITE_SECONDS = 30.0

Identify = Callable[[web.BaseRequest], User | None]
#: Opens a stream into a pod; raises APIError or Refusal before it has answered anything.
Connect = Callable[[web.BaseRequest, Pod], Awaitable[web.StreamResponse]]

#: After these a connection is good for nothing any more: a part of the body is still to come.
_ENDING = (408, 413)
_HEADERS = {
    "Server": SERVER,
    "Cache-Control": "no-cache, private",
    "X-Content-Type-Options": "nosniff",
}


class FrontParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the door leads to; `problem` hears of bugs of ours."""

    registry: Registry
    machinery: Machinery
    pages: Pages
    store: Store
    clock: Clock
    connect: Mapping[str, Connect]
    problem: Callable[[str], None]


class Front:
    """Answers requests; `identify` knows who asks, `hosts` are the names it may be asked under."""

    def __init__(
        self, parts: FrontParts, identify: Identify, hosts: frozenset[str] | None = None
    ) -> None:
        """`hosts`: None for a listener that no browser can be lured to."""
        self._parts = parts
        self._identify = identify
        self._hosts = hosts

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request."""
        try:
            return await self._answer(request)
        except APIError as exc:
            response = _response(_refusal(exc))
            if exc.status.code in _ENDING:
                response.force_close()  # more of it may come
            return response
        except Refusal as exc:
            return exc.response()
        except ConnectionError:
            raise
        except Exception as exc:  # noqa: BLE001 - a bug of ours: the client gets an answer
            self._parts.problem(f"internal error in API: {request.method}: {_place_of(exc)}")
            return _response(_refusal(internal("see the agent's log")))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        user = self._identify(request)
        if user is None:
            raise unauthorized()
        self._check_origin(request)
        address = self._parts.registry.address(request.path)
        if address is None:
            return _response(self._parts.pages.answer(request.method, request.path, request))
        verb = verb_of(request.method, address, Query(request.query))
        resource, sub = address.resource, address.subresource
        if not may(user, verb, resource.group, resource.plural, sub):
            raise forbidden(resource.named(address.name), f"{user.name} may only look at it")
        found = resource.subresource(sub) if sub else None
        if found is not None and found.is_stream:
            if verb not in found.verbs:
                raise method_not_allowed()
            return await self._stream(request, address)
        answer = await self._parts.machinery.answer(await self._call(request, address, verb, user))
        return await self._sent(request, answer)

    def _check_origin(self, request: web.BaseRequest) -> None:
        """A page in a browser must not reach us, whatever name it has for us.

        We have no pages: an origin that is we ourselves is written by a program (Python's
        websocket client), for a browser only where it has one of our names in its address bar.
        """
        host = request.headers.get("Host", "").lower()
        for origin in request.headers.getall("Origin", ()):
            if self._hosts is None or origin.lower() != f"https://{host}":
                raise forbidden_path("requests of web pages are not answered")
        if self._hosts is not None and _bare(host) not in self._hosts:
            raise forbidden_path("this host name is not known here; use a name of the certificate")

    async def _call(
        self, request: web.BaseRequest, address: Address, verb: str, user: User
    ) -> Call:
        headers = request.headers
        return Call(
            verb=verb,
            resource=address.resource,
            user=user,
            namespace=address.namespace,
            name=address.name,
            subresource=address.subresource,
            query=Query(request.query),
            accept=",".join(headers.getall("Accept", ())),
            content_type=headers.get("Content-Type", ""),
            user_agent=headers.get("User-Agent", ""),
            body=await self._body(request),
        )

    async def _body(self, request: web.BaseRequest) -> bytes:
        """The whole body; APIError when it is too long or too slow."""
        if (request.content_length or 0) > MAX_BODY:
            raise too_large(MAX_BODY)
        parts: list[bytes] = []
        size = 0
        try:
            async with self._parts.clock.timeout(BODY_SECONDS):
                async for part in request.content.iter_any():
                    parts.append(part)
                    size += len(part)
                    if size > MAX_BODY:
                        raise too_large(MAX_BODY)
        except TimeoutError:
            raise timed_out("the body did not come in time") from None
        return b"".join(parts)

    async def _stream(self, request: web.BaseRequest, address: Address) -> web.StreamResponse:
        """A stream into a pod, by whoever knows how."""
        connect = self._parts.connect.get(address.subresource)
        if connect is None:
            raise no_such_path()
        pod = self._parts.store.get(Pod, address.namespace, address.name)
        if pod is None:
            raise not_found(address.resource.named(address.name))
        return await connect(request, pod)

    async def _sent(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        if answer.pieces is None:
            return _response(answer)
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": answer.content_type})
        response.enable_chunked_encoding()
        try:
            await response.prepare(request)
            async for piece in answer.pieces:
                async with self._parts.clock.timeout(WRITE_SECONDS):
                    await response.write(piece)
            await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        finally:
            await answer.pieces.aclose()
        return response


def _refusal(error: APIError) -> Answer:
    status = error.status
    headers: tuple[tuple[str, str], ...] = ()
    if status.details is not None and status.details.retry_after_seconds:
        headers = (("Retry-After", str(status.details.retry_after_seconds)),)
    if status.code == 401:
        headers = (("WWW-Authenticate", 'Bearer realm="barepod"'),)
    return Answer(status=status.code, body=msgspec.json.encode(status), headers=headers)


def _response(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body)
    response.headers.extend({**_HEADERS, "Content-Type": answer.content_type})
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response


def _bare(host: str) -> str:
    """A Host header without the port."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit() and not (":" in name and not name.endswith("]")):
        host = name
    return host.strip("[]")


def _place_of(exc: BaseException) -> str:
    """Where it broke, without what was in the request."""
    traceback: Any = exc.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = f"{traceback.tb_frame.f_code.co_qualname}:{traceback.tb_lineno}" if traceback else "?"
    return f"{type(exc).__name__} in {where}"
