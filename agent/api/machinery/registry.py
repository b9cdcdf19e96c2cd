"""Which kinds are there, and which of them does a path mean?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from agent.api.machinery.resource import Resource

#: Below a namespace these are not kinds, but parts of the namespace itself.
_OF_NAMESPACE = ("status", "finalize")


class Address(msgspec.Struct, frozen=True):
    """What a path below a group and version means."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


class Registry:
    """All kinds, by group, version and plural."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = {(one.group, one.version, one.plural): one for one in resources}

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources.values())

    def get(self, group: str, version: str, plural: str) -> Resource | None:
        """The kind of this name."""
        return self._resources.get((group, version, plural))

    def groups(self) -> tuple[str, ...]:
        """The groups with a name, in order."""
        return tuple(dict.fromkeys(one.group for one in self if one.group))

    def versions(self, group: str) -> tuple[str, ...]:
        """The versions of a group, the preferred one first."""
        return tuple(dict.fromkeys(one.version for one in self if one.group == group))

    def of(self, group: str, version: str) -> tuple[Resource, ...]:
        """The kinds of one version of a group."""
        return tuple(one for one in self if (one.group, one.version) == (group, version))

    def address(self, path: str) -> Address | None:
        """What `/api/v1/...` or `/apis/GROUP/VERSION/...` means; None when it means nothing."""
        match path.strip("/").split("/"):
            case ["api", version, *rest]:
                group = ""
            case ["apis", group, version, *rest] if group:
                pass
            case _:
                return None
        namespace = ""
        if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in _OF_NAMESPACE:
            namespace, rest = rest[1], rest[2:]
        if not rest or len(rest) > 3 or not all(rest):
            return None
        resource = self.get(group, version, rest[0])
        name, subresource = (*rest[1:], "", "")[:2]
        if resource is None or (namespace and not resource.is_namespaced):
            return None
        if resource.is_namespaced and name and not namespace:
            return None
        if subresource and resource.subresource(subresource) is None:
            return None
        return Address(resource, namespace, name, subresource)
