"""What is to be known of a kind so that all handlers can serve it: its declaration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from agent.api.machinery.errors import Named
from agent.model.base import Object

if TYPE_CHECKING:
    from agent.api.machinery.call import Call
    from agent.api.machinery.keeping import Keeper
    from agent.api.machinery.strategy import Strategy

#: What can be done with an ordinary kind.
ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
READ_VERBS = ("get", "list", "watch")

Act = Callable[["Call", Any], Awaitable[Object]]
Find = Callable[[str, str], Awaitable[tuple[Any, ...]]]


class Subresource(msgspec.Struct, frozen=True, kw_only=True):
    """What hangs below an object: `act` answers a create, otherwise see `streams` or `status`."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = "v1"
    model: type[Object] | None = None
    act: Act | None = None
    is_stream: bool = False


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of one version of one group.

    `model` is what is stored, `wire` what is read and written where that differs, with `encode`
    and `decode` between the two, and `field_names` for selectors that name fields otherwise. A
    kind without a keeper is not stored: `find` makes its objects, or `act` answers what is posted.
    """

    plural: str
    singular: str
    kind: str
    model: type[Object]
    strategy: Strategy
    keeper: Keeper | None = None
    group: str = ""
    version: str = "v1"
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    is_namespaced: bool = True
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    field_names: Mapping[str, str] = {}
    wire: type[Object] | None = None
    encode: Callable[[Any], Object] | None = None
    decode: Callable[[Any], Object] | None = None
    micro_times: tuple[str, ...] = ()
    find: Find | None = None
    act: Act | None = None

    @property
    def api_version(self) -> str:
        """`v1`, `coordination.k8s.io/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def wire_model(self) -> type[Object]:
        """The type as clients write it."""
        return self.wire or self.model

    def named(self, name: str = "") -> Named:
        """How failures name an object of it."""
        return Named(self.group, self.plural, name)

    def subresource(self, name: str) -> Subresource | None:
        """What hangs below its objects under this name."""
        return next((one for one in self.subresources if one.name == name), None)

    def present(self, obj: Any) -> Any:
        """An object as clients see it, with its kind and version."""
        shown = obj if self.encode is None else self.encode(obj)
        return msgspec.structs.replace(shown, kind=self.kind, api_version=self.api_version)

    def list_item(self, obj: Any) -> Any:
        """The same inside of a list, which tells the kind once for all."""
        shown = obj if self.encode is None else self.encode(obj)
        return msgspec.structs.replace(shown, kind="", api_version="")

    def take(self, given: Any) -> Any:
        """What clients wrote, as it is stored."""
        return given if self.decode is None else self.decode(given)
