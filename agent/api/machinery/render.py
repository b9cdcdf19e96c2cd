"""Objects and lists to the bytes that a client asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from agent.api.machinery.negotiation import YAML, Form, Shape
from agent.api.machinery.resource import Resource
from agent.api.tables import IncludeObject, table
from agent.model.meta import ListMeta

_META = "meta.k8s.io/"


class Page(msgspec.Struct, frozen=True):
    """A list, or a part of it."""

    items: tuple[Any, ...]
    metadata: ListMeta


class Renderer:
    """Writes the objects of one kind in one form."""

    def __init__(
        self, resource: Resource, form: Form, now: datetime, include: IncludeObject = "Metadata"
    ) -> None:
        self._resource = resource
        self._form = form
        self._now = now
        self._include = include
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

    def page(self, page: Page) -> bytes:
        """A list."""
        resource, form = self._resource, self._form
        if form.shape is Shape.TABLE:
            return self.written(self._table(page.items, page.metadata))
        items: list[Any]
        if form.shape is Shape.OBJECT:
            kind, api_version = f"{resource.kind}List", resource.api_version
            items = [resource.list_item(obj) for obj in page.items]
        else:
            kind, api_version = "PartialObjectMetadataList", _META + form.version
            items = [partial(obj, form.version) for obj in page.items]
        return self.written(
            {
                "kind": kind,
                "apiVersion": api_version,
                "metadata": page.metadata,
                "items": items,
            }
        )

    def written(self, value: Any) -> bytes:
        """A value as text; only for people it is laid out."""
        text = msgspec.json.encode(value)
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
        if self._include == "Object":
            objects = [self._resource.present(obj) for obj in objects]
        made = table(
            self._resource.model.__name__,
            objects,
            self._now,
            include_object=self._include,
            list_metadata=metadata,
            with_columns=with_columns,
        )
        made["apiVersion"] = _META + self._form.version
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
