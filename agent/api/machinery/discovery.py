"""What is there? Discovery, in one answer for newer clients and in many for older ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent.api.machinery.negotiation import media_types
from agent.api.machinery.registry import Registry
from agent.api.machinery.resource import Resource

_GROUP = "apidiscovery.k8s.io"
_AGGREGATED = "APIGroupDiscoveryList"
_VERSIONS = ("v2", "v2beta1")


def aggregated_version(accept: str) -> str:
    """The version of the aggregated form that a client wants; "" when it wants the old form."""
    for media in media_types(accept):
        parameters = media.parameters
        if parameters.get("g") == _GROUP and parameters.get("as") == _AGGREGATED:
            version = parameters.get("v", "")
            if version in _VERSIONS:
                return version
        elif "as" not in parameters:
            return ""
    return ""


def aggregated_type(version: str) -> str:
    """The media type of the aggregated form."""
    return f"application/json;g={_GROUP};v={version};as={_AGGREGATED}"


def aggregated(registry: Registry, groups: Iterable[str], version: str) -> dict[str, Any]:
    """All kinds of these groups (apidiscovery: APIGroupDiscoveryList)."""
    return {
        "kind": _AGGREGATED,
        "apiVersion": f"{_GROUP}/{version}",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": group} if group else {},
                "versions": [
                    {
                        "version": one,
                        "resources": [_discovered(each) for each in registry.of(group, one)],
                        "freshness": "Current",
                    }
                    for one in registry.versions(group)
                ],
            }
            for group in groups
        ],
    }


def _discovered(resource: Resource) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": _kind(resource.group, resource.version, resource.kind),
        "scope": "Namespaced" if resource.is_namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        found["shortNames"] = list(resource.short_names)
    if resource.categories:
        found["categories"] = list(resource.categories)
    if resource.subresources:
        found["subresources"] = [
            {
                "subresource": one.name,
                "responseKind": _kind(one.group or resource.group, one.version, one.kind),
                "verbs": list(one.verbs),
            }
            for one in resource.subresources
        ]
    return found


def _kind(group: str, version: str, kind: str) -> dict[str, str]:
    return {"group": group, "version": version, "kind": kind}


def api_versions(registry: Registry) -> dict[str, Any]:
    """`/api` in the old form."""
    return {"kind": "APIVersions", "versions": list(registry.versions(""))}


def group_list(registry: Registry) -> dict[str, Any]:
    """`/apis` in the old form."""
    groups = [group(registry, name) for name in registry.groups()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(registry: Registry, name: str) -> dict[str, Any]:
    """`/apis/GROUP`."""
    return {"kind": "APIGroup", "apiVersion": "v1", **group(registry, name)}


def group(registry: Registry, name: str) -> dict[str, Any]:
    """The versions of a group."""
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for version in registry.versions(name)
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resource_list(registry: Registry, group_name: str, version: str) -> dict[str, Any]:
    """`/api/v1` and `/apis/GROUP/VERSION`."""
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group_name}/{version}".lstrip("/"),
        "resources": [
            row for each in registry.of(group_name, version) for row in _resource_rows(each)
        ],
    }


def _resource_rows(resource: Resource) -> Iterable[dict[str, Any]]:
    row: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    yield row
    for one in resource.subresources:
        below: dict[str, Any] = {
            "name": f"{resource.plural}/{one.name}",
            "singularName": "",
            "namespaced": resource.is_namespaced,
            "kind": one.kind,
            "verbs": list(one.verbs),
        }
        if one.group:
            below |= {"group": one.group, "version": one.version}
        yield below
