"""Everything that is not about objects: version, health, discovery, OpenAPI."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from agent.api.checks import health
from agent.api.machinery import discovery
from agent.api.machinery.call import Answer
from agent.api.machinery.errors import method_not_allowed, no_such_path
from agent.api.machinery.registry import Registry

#: The version that clients choose their ways by. kubectl's dispatchers take the binary of this
#: minor version, and warn when it is far from their own.
MAJOR, MINOR = "1", "32"
_PROTO = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_YEAR = 365 * 86400


class Headers(Protocol):
    """A request, as far as a page depends on it."""

    @property
    def headers(self) -> Any: ...
    @property
    def query(self) -> Any: ...


class Pages:
    """Answers for paths that are no objects."""

    def __init__(
        self, registry: Registry, version: str, troubles: Callable[[], tuple[str, ...]]
    ) -> None:
        """`version` is our own; `troubles` say why the agent does not do its work."""
        self._registry = registry
        self._version = version
        self._troubles = troubles
        self._documents: dict[str, Answer] = {}

    def answer(self, method: str, path: str, request: Headers) -> Answer:
        """The page at a path; APIError."""
        parts = path.strip("/").split("/")
        made = self._page(parts, request)
        if made is None:
            raise no_such_path()
        if method not in ("GET", "HEAD"):
            raise method_not_allowed()
        return made

    def _page(self, parts: list[str], request: Headers) -> Answer | None:
        match parts:
            case [""]:
                return _json({"paths": self._paths()})
            case ["version"]:
                return _json(self._about())
            case ["healthz" | "livez" | "readyz" as name, *only] if len(only) <= 1:
                return self._health(name, only[0] if only else "", request.query)
            case ["openapi", *rest]:
                return self._openapi("/".join(rest))
            case _:
                return self._kinds(parts, request)

    def _kinds(self, parts: list[str], request: Headers) -> Answer | None:
        """Discovery."""
        registry = self._registry
        match parts:
            case ["api"]:
                return self._discovery(request, ("",), discovery.api_versions)
            case ["apis"]:
                return self._discovery(request, registry.groups(), discovery.group_list)
            case ["api", version] if version in registry.versions(""):
                return _json(discovery.resource_list(registry, "", version))
            case ["apis", group] if group in registry.groups():
                return _json(discovery.api_group(registry, group))
            case ["apis", group, version] if version in registry.versions(group):
                return _json(discovery.resource_list(registry, group, version))
            case _:
                return None

    def _discovery(
        self,
        request: Headers,
        groups: tuple[str, ...],
        legacy: Callable[[Registry], dict[str, Any]],
    ) -> Answer:
        accept = ",".join(request.headers.getall("Accept", ()))
        version = discovery.aggregated_version(accept)
        headers = (("Vary", "Accept"),)
        if not version:
            return msgspec.structs.replace(_json(legacy(self._registry)), headers=headers)
        made = discovery.aggregated(self._registry, groups, version)
        return Answer(
            body=msgspec.json.encode(made),
            content_type=discovery.aggregated_type(version),
            headers=headers,
        )

    def _health(self, name: str, only: str, query: Any) -> Answer | None:
        """Alive is who answers; the rest is whether the agent does its work."""
        checks: dict[str, tuple[str, ...]] = {"ping": ()}
        if name != "livez":
            checks["manifests"] = self._troubles()
        return health(
            name,
            checks,
            only=only,
            excluded=query.getall("exclude", ()),
            is_verbose="verbose" in query,
        )

    def _about(self) -> dict[str, str]:
        implementation = f"{sys.implementation.name}{platform.python_version()}"
        machine = platform.machine()
        return {
            "major": MAJOR,
            "minor": MINOR,
            "gitVersion": f"v{MAJOR}.{MINOR}.0+barepod.{self._version}",
            "gitCommit": "",
            "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "",
            "compiler": implementation,
            "platform": f"linux/{_ARCHITECTURES.get(machine, machine)}",
        }

    def _openapi(self, path: str) -> Answer | None:
        """Documents of all kinds; version 2 is asked for, but an empty one is enough."""
        if path == "v2":
            return Answer(content_type=_PROTO)
        if not self._documents:
            from agent.api.machinery import openapi  # looks at the whole model

            for name, document in openapi.documents(self._registry).items():
                self._documents[name] = Answer(
                    body=document.body,
                    headers=(
                        ("ETag", f'"{document.hash}"'),
                        ("Cache-Control", f"public, max-age={_YEAR}"),
                        ("Vary", "Accept"),
                    )
                    if document.hash
                    else (),
                )
        return self._documents.get(path)

    def _paths(self) -> list[str]:
        registry = self._registry
        groups = [
            path
            for group in registry.groups()
            for path in (
                f"/apis/{group}",
                *(f"/apis/{group}/{version}" for version in registry.versions(group)),
            )
        ]
        cores = [f"/api/{version}" for version in registry.versions("")]
        checks = ["/healthz", "/livez", "/readyz"]
        return ["/api", *cores, "/apis", *groups, *checks, "/openapi/v2", "/openapi/v3", "/version"]


_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def _json(value: Any) -> Answer:
    return Answer(body=msgspec.json.encode(value))
