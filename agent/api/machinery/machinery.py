"""One request in, one answer out: what any kind can be asked."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.api.machinery.bodies import read_object
from agent.api.machinery.call import Answer, Call
from agent.api.machinery.deleting import Deleter
from agent.api.machinery.errors import bad_request, method_not_allowed
from agent.api.machinery.negotiation import Form, form_of
from agent.api.machinery.reading import Reader
from agent.api.machinery.render import Page, Renderer
from agent.api.machinery.watching import Watches
from agent.api.machinery.writing import Writer, Written
from agent.api.tables import IncludeObject
from agent.host.clock import Clock
from agent.host.turns import Turns
from agent.model.api import Status

#: Turns of the loop that belong to others after each request that is followed by another one: a
#: restart takes several.
LEFT_TO_OTHERS = 4
_PEOPLE = ("curl", "Wget", "Mozilla/5.0")
_INCLUDES: tuple[IncludeObject, ...] = ("Metadata", "Object", "None")


class Machinery:
    """Answers what is asked of kinds."""

    def __init__(
        self, *, reader: Reader, writer: Writer, deleter: Deleter, watches: Watches, clock: Clock
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._deleter = deleter
        self._watches = watches
        self._clock = clock
        self._turns = Turns(LEFT_TO_OTHERS)

    async def answer(self, call: Call) -> Answer:
        """Do what is asked; APIError."""
        if call.verb not in _verbs(call):
            raise method_not_allowed()
        await self._turns.take()
        form = form_of(call.accept, is_pretty=_is_pretty(call), is_stream=call.verb == "watch")
        match call.verb:
            case "watch":
                pieces = self._watches.open(call, form, _include(call))
                return Answer(pieces=pieces)
            case "get":
                return await self._shown(call, form, await self._reader.get(call))
            case "list":
                return await self._shown(call, form, await self._reader.list(call))
            case "deletecollection":
                return await self._shown(call, form, await self._deleter.delete_all(call))
            case "delete":
                return await self._shown(call, form, await self._deleter.delete(call))
            case _:
                return await self._write(call, form)

    async def _write(self, call: Call, form: Form) -> Answer:
        act = _act(call)
        if act is not None:
            sub = call.resource.subresource(call.subresource)
            model = sub.model if sub is not None else call.resource.wire_model
            version = f"{sub.group}/{sub.version}".lstrip("/") if sub else call.resource.api_version
            assert model is not None
            made = await act(call, read_object(call, model, version).object)
            return self._plain(form, made, 201)
        match call.verb:
            case "create":
                written = await self._writer.create(call)
            case "update":
                written = await self._writer.replace(call)
            case _:
                written = await self._writer.patch(call)
        return await self._written(call, form, written)

    async def _written(self, call: Call, form: Form, written: Written) -> Answer:
        answer = await self._shown(call, form, written.object)
        return msgspec.structs.replace(
            answer,
            status=201 if written.is_new else 200,
            headers=tuple(("Warning", warning(text)) for text in dict.fromkeys(written.warnings)),
        )

    async def _shown(self, call: Call, form: Form, found: Any) -> Answer:
        if isinstance(found, Status):
            return self._plain(form, found, 200)
        now, include = self._clock.now(), _include(call)
        renderer = Renderer(call.resource, form, now, include, pause=self._turns.take)
        if isinstance(found, Page):
            return Answer(body=await renderer.page(found), content_type=form.media)
        return Answer(body=renderer.object(found), content_type=form.media)

    def _plain(self, form: Form, made: Any, status: int) -> Answer:
        body = msgspec.json.encode(made)
        if form.is_pretty:
            body = msgspec.json.format(body, indent=2) + b"\n"
        return Answer(status=status, body=body)


def warning(text: str) -> str:
    """The value of a Warning header (apiserver: net.NewWarningHeader)."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'


def _verbs(call: Call) -> tuple[str, ...]:
    if not call.subresource:
        return call.resource.verbs
    found = call.resource.subresource(call.subresource)
    return () if found is None else found.verbs


def _act(call: Call) -> Any:
    if not call.subresource:
        return call.resource.act
    found = call.resource.subresource(call.subresource)
    return None if found is None else found.act


def _is_pretty(call: Call) -> bool:
    if "pretty" in call.query:
        return call.query.truth("pretty")
    return call.user_agent.startswith(_PEOPLE)


def _include(call: Call) -> IncludeObject:
    wanted = call.query.text("includeObject") or "Metadata"
    for known in _INCLUDES:
        if wanted == known:
            return known
    raise bad_request(f'includeObject: Unsupported value: "{wanted}"')
