"""OpenAPI v3: what may be asked of a kind, by path and method.

No patch is said to be strategic: kubectl then goes by its own knowledge of how lists are merged.
"""

from __future__ import annotations

from typing import Any, Final

from agent.api.machinery.resource import Resource

Schema = dict[str, Any]

#: What a write may be asked to do beside what is in its body.
_WRITES: Final = ("dryRun", "fieldManager", "fieldValidation")
_LISTS: Final = ("labelSelector", "fieldSelector", "continue", "resourceVersion")
_METHODS: Final = {
    "list": "get",
    "create": "post",
    "get": "get",
    "update": "put",
    "patch": "patch",
    "delete": "delete",
}


def paths(resource: Resource, reference: Schema, metadata: Schema, status: Schema) -> Schema:
    """The paths of a kind, given the schemas of it, of a list's metadata and of a Status."""
    base = f"/apis/{resource.group}" if resource.group else "/api"
    where = "/namespaces/{namespace}" if resource.is_namespaced else ""
    many = f"{base}/{resource.version}{where}/{resource.plural}"
    by_verb = {verb: many if verb in ("list", "create") else many + "/{name}" for verb in _METHODS}
    found: Schema = {}
    for verb, path in by_verb.items():
        if verb not in resource.verbs:
            continue
        item = found.setdefault(path, {"parameters": _in_path(path)})
        shown = _list_of(reference, metadata) if verb == "list" else reference
        item[_METHODS[verb]] = {
            "responses": _responses(verb, shown, status),
            "x-kubernetes-group-version-kind": {
                "group": resource.group,
                "version": resource.version,
                "kind": resource.kind,
            },
            **_input(verb, reference),
        }
    return found


def _in_path(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("namespace", "name")
        if f"{{{name}}}" in path
    ]


def _input(verb: str, reference: Schema) -> Schema:
    """The parameters and the body of a request."""
    names = {"list": _LISTS, "get": ()}.get(verb, _WRITES)
    found: Schema = {}
    if names:
        found["parameters"] = [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in names
        ]
    if verb in ("create", "update"):
        found["requestBody"] = {**_content("application/json", reference), "required": True}
    if verb == "patch":
        media = "application/merge-patch+json"
        found["requestBody"] = {**_content(media, {"type": "object"}), "required": True}
    return found


def _responses(verb: str, shown: Schema, status: Schema) -> Schema:
    """Who deletes is shown what goes, or a Status; who fails, why."""
    content = _content("application/json", shown if verb != "delete" else {"type": "object"})
    done = {"description": "OK", **content}
    refused = {"description": "Not done.", **_content("application/json", status)}
    return {"201" if verb == "create" else "200": done, "default": refused}


def _list_of(reference: Schema, metadata: Schema) -> Schema:
    text = {"type": "string"}
    items = {"type": "array", "items": reference}
    return {
        "type": "object",
        "properties": {"apiVersion": text, "kind": text, "metadata": metadata, "items": items},
    }


def _content(media: str, schema: Schema) -> Schema:
    return {"content": {media: {"schema": schema}}}
