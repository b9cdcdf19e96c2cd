"""Objects and lists to the bytes that a client asked for."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from agent.api.machinery.negotiation import YAML, Form, Shape
from agent.api.machinery.resource import Resource
from agent.api.tables import IncludeObject, table
from agent.model.meta import ListMeta

Pause = Callable[[], Awaitable[None]]

_META = "meta.k8s.io/"
#: Objects that are encoded at a time.
_BATCH = 100


async def _no_pause() -> None:
    """Nobody else wants a turn."""


class Page(msgspec.Struct, frozen=True):
    """A list, or a part of it."""

    items: tuple[Any, ...]
    metadata: ListMeta


class Renderer:
    """Writes the objects of one kind in one form."""

    def __init__(
        self,
        resource: Resource,
        form: Form,
        now: datetime,
        include: IncludeObject = "Metadata",
        *,
        pause: Pause = _no_pause,
    ) -> None:
        """`pause` lets others have their turn."""
        self._resource = resource
        self._form = form
        self._now = now
        self._include = include
        self._pause = pause
        self._micro_times = _pattern(resource.micro_times)

    def object(self, obj: Any) -> bytes:
        """One object."""
        return self.written(self.value(obj))

    def value(self, obj: Any, *, with_columns: bool = True) -> Any:
        """One object as it is encoded, also inside of a watch event."""
        if self._form.shape is Shape.OBJECT:
            return self._resource.present(obj)
        if self._form.shape is Shape.TABLE:
            return self._table((obj,), None, with_columns=with_columns)
        return partial(obj, self._form.version)

    async def page(self, page: Page) -> bytes:
        """A list, made in parts between which others get their turn."""
        if self._form.shape is Shape.TABLE:
            head, name = self._table((), page.metadata), "rows"
        else:
            head, name = self._head(page.metadata), "items"
        head.pop(name, None)
        parts: list[bytes] = []
        for start in range(0, len(page.items), _BATCH):
            if start:
                await self._pause()
            parts.append(self._part(page.items[start : start + _BATCH]))
        opened = msgspec.json.encode(head)[:-1]
        return self._finished(b'%b,"%b":[%b]}' % (opened, name.encode(), b",".join(parts)))

    def _head(self, metadata: ListMeta) -> dict[str, Any]:
        resource, form = self._resource, self._form
        if form.shape is Shape.OBJECT:
            kind, api_version = f"{resource.kind}List", resource.api_version
        else:
            kind, api_version = "PartialObjectMetadataList", _META + form.version
        return {"kind": kind, "apiVersion": api_version, "metadata": metadata}

    def _part(self, items: tuple[Any, ...]) -> bytes:
        """Some items or rows as JSON, without the brackets."""
        values: list[Any]
        if self._form.shape is Shape.TABLE:
            values = self._table(items, ListMeta())["rows"]
        elif self._form.shape is Shape.OBJECT:
            values = [self._resource.list_item(obj) for obj in items]
        else:
            values = [partial(obj, self._form.version) for obj in items]
        return msgspec.json.encode(values)[1:-1]

    def written(self, value: Any) -> bytes:
        """A value as text; only for people it is laid out."""
        return self._finished(msgspec.json.encode(value))

    def _finished(self, text: bytes) -> bytes:
        if self._micro_times is not None:
            text = self._micro_times.sub(rb"\1.000000Z", text)
        if self._form.media == YAML:
            import yaml  # 11 ms, for what hardly anybody asks

            plain = yaml.safe_dump(msgspec.json.decode(text), sort_keys=False, allow_unicode=True)
            return str(plain).encode()
        return msgspec.json.format(text, indent=2) + b"\n" if self._form.is_pretty else text

    def _table(
        self, objects: Sequence[Any], metadata: ListMeta | None, *, with_columns: bool = True
    ) -> dict[str, Any]:
        is_whole = self._include == "Object"
        made = table(
            self._resource.model.__name__,
            objects,
            self._now,
            include_object="None" if is_whole else self._include,
            list_metadata=metadata,
            with_columns=with_columns,
        )
        made["apiVersion"] = _META + self._form.version
        if is_whole:  # as this kind is written, which may not be as it is stored
            for row, obj in zip(made["rows"], objects, strict=True):
                row["object"] = self._resource.present(obj)
        return made


def partial(obj: Any, version: str) -> dict[str, Any]:
    """Nothing but the metadata of an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": _META + version,
        "metadata": obj.metadata,
    }


def _pattern(fields: Iterable[str]) -> re.Pattern[bytes] | None:
    """Where a time stands that Go reads with six decimals or not at all (metav1.MicroTime)."""
    names = "|".join(fields)
    if not names:
        return None
    return re.compile(rf'("(?:{names})":"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d)Z'.encode())
