"""Which kind does a user mean? Names, short names and groups of what the server has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote as url_quote

import msgspec

from agent.cli.client.connection import Server
from agent.cli.client.errors import ClientError
from agent.model.gotext import quote

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of one version of one group."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    is_namespaced: bool = True
    verbs: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """`v1`, `coordination.k8s.io/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_plural(self) -> str:
        """`pods`, `leases.coordination.k8s.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def shown(self) -> str:
        """As kubectl puts it before a name: `pod`, `lease.coordination.k8s.io`."""
        return f"{self.kind}.{self.group}".lower() if self.group else self.kind.lower()

    def path(self, namespace: str = "", name: str = "", below: str = "") -> str:
        """The path of all its objects, of those in a namespace, or of one."""
        parts = ["", *(("apis", self.group) if self.group else ("api",)), self.version]
        if namespace and self.is_namespaced:
            parts += ["namespaces", url_quote(namespace, safe="")]
        parts.append(self.plural)
        parts += [url_quote(name, safe="")] if name else []
        return "/".join([*parts, below] if below else parts)


class Kinds:
    """All kinds of the server, those of the core group first."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = tuple(kinds)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds)

    @classmethod
    def of(cls, server: Server) -> Kinds:
        """Ask the server."""
        answers = [server.ask("GET", path, accept=_DISCOVERY) for path in ("/api", "/apis")]
        return cls(kind for answer in answers for kind in _discovered(answer))

    def named(self, name: str) -> Kind:
        """The kind of a name such as `po`, `Pod`, `pods`, `leases.coordination.k8s.io`."""
        plain, _, rest = name.lower().partition(".")
        version, _, group = rest.partition(".")
        for kind in self._kinds:
            names = (kind.plural, kind.singular or kind.kind.lower(), *kind.short_names)
            if plain not in names:
                continue
            if not rest or rest == kind.group or (version, group) == (kind.version, kind.group):
                return kind
        raise ClientError(f"the server doesn't have a resource type {quote(name)}")

    def all_named(self, names: str) -> list[Kind]:
        """The kinds of `pods,cm`, or of a category such as `all`, each once."""
        found: dict[tuple[str, str], Kind] = {}
        for name in names.split(","):
            if not name:
                raise ClientError(f'arguments in "{names}" must not have an empty part')
            of_category = [kind for kind in self._kinds if name in kind.categories]
            for kind in of_category or [self.named(name)]:
                found.setdefault((kind.group, kind.plural), kind)
        return list(found.values())

    def of_object(self, api_version: str, kind: str) -> Kind | None:
        """The kind of an object with these two fields."""
        return next((k for k in self if (k.api_version, k.kind) == (api_version, kind)), None)

    def core(self, plural: str) -> Kind:
        """A kind of the core group that every server has."""
        return next(kind for kind in self if (kind.group, kind.plural) == ("", plural))


def _discovered(answer: Any) -> Iterator[Kind]:
    for group in answer["items"]:
        for version in group["versions"]:
            for one in version["resources"]:
                yield _kind(group["metadata"].get("name", ""), version["version"], one)


def _kind(group: str, version: str, one: dict[str, Any]) -> Kind:
    return Kind(
        group=group,
        version=version,
        kind=one["responseKind"]["kind"],
        plural=one["resource"],
        singular=one.get("singularResource", ""),
        short_names=tuple(one.get("shortNames", ())),
        categories=tuple(one.get("categories", ())),
        is_namespaced=one["scope"] == "Namespaced",
        verbs=tuple(one["verbs"]),
    )


class Target(msgspec.Struct, frozen=True):
    """A kind, and one name of it; "" means all of them."""

    kind: Kind
    name: str = ""


def targets(kinds: Kinds, arguments: Sequence[str]) -> list[Target]:
    """What `TYPE[,TYPE] [NAME ...]` or `TYPE/NAME ...` mean (cli-runtime: resource.Builder)."""
    if any("/" in argument for argument in arguments):
        return [_pair(kinds, argument) for argument in arguments]
    found = kinds.all_named(arguments[0])
    names = arguments[1:] or ("",)
    return [Target(kind, name) for kind in found for name in names]


def _pair(kinds: Kinds, argument: str) -> Target:
    parts = argument.split("/")
    if len(parts) == 1:
        raise ClientError(
            "there is no need to specify a resource type as a separate argument when passing "
            "arguments in resource/name form (e.g. 'barepod get resource/<resource_name>' instead "
            "of 'barepod get resource resource/<resource_name>'"
        )
    if len(parts) != 2 or not all(parts):
        raise ClientError(
            "arguments in resource/name form may not have more than one slash"
            if len(parts) > 2
            else "arguments in resource/name form must have a single resource and name"
        )
    return Target(kinds.named(parts[0]), parts[1])
