"""Objects in other forms than a table."""

from __future__ import annotations

from typing import Any

import pytest

from agent.cli.client.applying import LAST_APPLIED, remembering
from agent.cli.client.errors import ClientError
from agent.cli.client.output import as_list, printer_of, without_managers

_POD: Any = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "web", "managedFields": [{}], "labels": {"a": "<b>"}},
}
_LEASE: Any = {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "l"}}


def _written(form: str, obj: Any) -> str:
    printer = printer_of(form, lambda _version, _kind: None)
    assert printer is not None
    return printer.write(without_managers(obj))


def test_json_is_as_go_writes_it() -> None:
    assert _written("json", _POD) == (
        '{\n    "apiVersion": "v1",\n    "kind": "Pod",\n    "metadata": {\n        "labels": {\n'
        '            "a": "\\u003cb\\u003e"\n        },\n        "name": "web"\n    }\n}\n'
    )


def test_yaml() -> None:
    obj = {"b": ["x", "1", "y", "on", "a\nb\n"], "a": {}, "kind": "K", "metadata": {}}

    assert _written("yaml", obj) == (
        'a: {}\nb:\n- x\n- "1"\n- "y"\n- "on"\n- |\n  a\n  b\nkind: K\nmetadata: {}\n'
    )


def test_names() -> None:
    assert _written("name", _POD) == "pod/web\n"
    assert _written("name", _LEASE) == "lease.coordination.k8s.io/l\n"


def test_custom_columns_of_a_list() -> None:
    form = "custom-columns=NAME:.metadata.name,LABELS:metadata.labels,NO:.nope"

    assert _written(form, as_list([_POD, _LEASE])) == (
        "NAME   LABELS       NO\nweb    map[a:<b>]   <none>\nl      <none>       <none>\n"
    )


@pytest.mark.parametrize("form", ["", "wide"])
def test_tables_are_the_servers(form: str) -> None:
    assert printer_of(form, lambda _version, _kind: None) is None


@pytest.mark.parametrize(
    "form", ["nope", "jsonpath", "jsonpath=", "custom-columns", "custom-columns=A", "yaml=x"]
)
def test_what_is_no_form(form: str) -> None:
    with pytest.raises(ClientError):
        printer_of(form, lambda _version, _kind: None)


def test_apply_remembers_the_object_without_what_it_remembered_before() -> None:
    first = remembering({"kind": "Pod", "metadata": {"name": "a", "annotations": {"x": "<"}}})
    text = '{"kind":"Pod","metadata":{"annotations":{"x":"\\u003c"},"name":"a"}}\n'

    assert first["metadata"]["annotations"] == {"x": "<", LAST_APPLIED: text}
    assert remembering(first) == first
