"""In which form are objects printed? `-o yaml|json|name|jsonpath=...|custom-columns=...`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from agent.cli.client import jsonpath
from agent.cli.client.errors import ClientError
from agent.cli.client.kinds import Kind

#: Names of outputs for shells and for errors.
NAMES = ("wide", "yaml", "json", "name", "jsonpath=", "custom-columns=")
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
#: Where Go's library folds long texts.
_WIDTH = 80
#: Writes one object; a text with its line's end.
Write = Callable[[Any], str]


class Printer:
    """Writes objects; a list of them is written as one object."""

    def __init__(self, write: Write, *, is_per_object: bool = False) -> None:
        """`is_per_object`: a list is written object by object."""
        self.write = write
        self.is_per_object = is_per_object


def printer_of(output: str, kind_of: Callable[[str, str], Kind | None]) -> Printer | None:
    """The printer of an `-o`; None where the server's table is printed. ClientError.

    `kind_of` finds a kind by the API version and the kind of an object.
    """
    name, equals, argument = output.partition("=")
    match name:
        case "" | "wide" if not equals:
            return None
        case "json" if not equals:
            return Printer(to_json)
        case "yaml" if not equals:
            return Printer(to_yaml)
        case "name" if not equals:
            return Printer(lambda obj: f"{name_of(obj, kind_of)}\n", is_per_object=True)
        case "jsonpath" | "jsonpath-as-json":
            if not argument:
                raise ClientError(f"template format specified but no template given: {output}")
            template = jsonpath.parse(argument)
            return Printer(template.render)
        case "custom-columns":
            return Printer(_columns(argument))
        case _:
            pass
    raise ClientError(
        f'unable to match a printer suitable for the output format "{output}", allowed formats '
        f"are: {','.join(one.rstrip('=') for one in NAMES)}"
    )


def name_of(obj: Mapping[str, Any], kind_of: Callable[[str, str], Kind | None]) -> str:
    """`pod/web`, `lease.coordination.k8s.io/x`."""
    group = obj["apiVersion"].rpartition("/")[0]
    kind = f"{obj['kind']}.{group}" if group else obj["kind"]
    return f"{kind.lower()}/{obj['metadata'].get('name', '')}"


def to_json(value: Any) -> str:
    """As Go writes it: sorted names, four blanks, nothing that a browser might take for a tag."""
    raw = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=4)
    return f"{raw.decode().translate(_HTML)}\n"


def to_yaml(value: Any) -> str:
    """As Kubernetes shows it."""
    from agent.api.patch.yaml_text import to_yaml as written  # yaml: 20 ms

    return written(value, width=_WIDTH)


def as_list(objects: Sequence[Any]) -> dict[str, Any]:
    """Several objects as one."""
    return {
        "apiVersion": "v1",
        "items": list(objects),
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }


def without_managers(obj: Any) -> Any:
    """The object without what tells who owns which field."""
    if "managedFields" not in obj.get("metadata", {}):
        return obj
    metadata = {key: obj["metadata"][key] for key in obj["metadata"] if key != "managedFields"}
    return {**obj, "metadata": metadata}


def _columns(spec: str) -> Write:
    """`NAME:.metadata.name,IP:.status.podIP` (kubectl: customcolumn.go)."""
    from agent.cli.client.table import Layout

    if not spec:
        raise ClientError("custom-columns format specified but no custom columns given")
    columns: list[tuple[str, jsonpath.Path]] = []
    for part in spec.split(","):
        title, colon, path = part.partition(":")
        if not colon or not path:
            raise ClientError(
                f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
            )
        columns.append((title, jsonpath.parse_relaxed(path)))

    def write(obj: Any) -> str:
        objects = obj["items"] if obj.get("kind") == "List" else [obj]
        rows = [[title for title, _ in columns]]
        for one in objects:
            found = (path.find(one) for _, path in columns)
            rows.append([",".join(map(_shown, values)) or "<none>" for values in found])
        return "".join(f"{line}\n" for line in Layout().lines(rows))

    return write


def _shown(value: Any) -> str:
    """As Go prints a value."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_shown(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_shown, value))}]"
    if value is None:
        return "<none>"
    return str(value).lower() if isinstance(value, bool) else str(value)
