"""Server-side apply: owners, conflicts, and fields that nobody wants any longer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.apply.engine import apply, track_update
from agent.api.patch import values
from agent.api.patch.error import PatchError
from agent.manifest.decode import decode, encode
from agent.model.config_data import ConfigMap
from agent.model.pod import Pod

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
LATER = datetime(2025, 6, 1, 13, tzinfo=UTC)


def config(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def applied(live: Any, wanted: dict[str, Any], manager: str = "me", *, force: bool = False) -> Any:
    cls = Pod if wanted["kind"] == "Pod" else ConfigMap
    body = values.read(json.dumps(wanted).encode())
    return apply(cls, live, body, manager=manager, api_version="v1", now=NOW, force=force).object


def owned(obj: Any) -> dict[str, Any]:
    return {
        f"{entry.manager} {entry.operation}": entry.fields_v1
        for entry in obj.metadata.managed_fields
    }


def test_the_first_apply_makes_the_object() -> None:
    made = applied(None, config(a="1"))
    assert made.data == {"a": "1"}
    (entry,) = encode(made)["metadata"]["managedFields"]
    assert entry == {
        "manager": "me",
        "operation": "Apply",
        "apiVersion": "v1",
        "time": "2025-06-01T12:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}}},
    }


def test_the_same_again_changes_nothing_not_even_the_time() -> None:
    made = applied(None, config(a="1"))
    body = values.read(json.dumps(config(a="1")).encode())
    again = apply(ConfigMap, made, body, manager="me", api_version="v1", now=LATER)
    assert again.object == made


def test_what_is_no_longer_applied_vanishes_unless_another_owns_it() -> None:
    live = applied(applied(None, config(a="1", b="2", c="3")), config(b="2"), "other")
    live = applied(live, config(c="3"))
    assert live.data == {"b": "2", "c": "3"}
    assert owned(live) == {
        "me Apply": {"f:data": {"f:c": {}}},
        "other Apply": {"f:data": {"f:b": {}}},
    }


def test_a_field_of_another_is_a_conflict() -> None:
    live = applied(None, config(a="1", b="2"), "other")
    with pytest.raises(PatchError) as caught:
        applied(live, config(a="9"))
    status = caught.value.status
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert status["message"] == 'Apply failed with 1 conflict: conflict with "other": .data.a'
    assert status["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "other"',
            "field": ".data.a",
        }
    ]
    with pytest.raises(PatchError) as caught:
        applied(live, config(a="9", b="9"))
    assert str(caught.value) == (
        'Apply failed with 2 conflicts: conflicts with "other":\n- .data.a\n- .data.b'
    )


def test_the_same_value_is_shared_and_force_takes_over() -> None:
    live = applied(None, config(a="1"), "other")
    shared = applied(live, config(a="1"))
    assert set(owned(shared)) == {"me Apply", "other Apply"}
    taken = applied(live, config(a="9"), force=True)
    assert taken.data == {"a": "9"}
    assert owned(taken) == {"me Apply": {"f:data": {"f:a": {}}}}


def test_an_update_owns_what_it_changes() -> None:
    live = applied(None, config(a="1", b="2"))
    changed = ConfigMap(metadata=live.metadata, data={"a": "9", "c": "3"})
    stored = track_update(live, changed, manager="kubectl-edit", api_version="v1", now=LATER)
    assert owned(stored) == {"kubectl-edit Update": {"f:data": {"f:a": {}, "f:c": {}}}}
    with pytest.raises(PatchError) as caught:
        applied(stored, config(a="1"))
    assert str(caught.value) == (
        "Apply failed with 1 conflict: "
        'conflict with "kubectl-edit" using v1 at 2025-06-01T13:00:00Z: .data.a'
    )


def test_an_update_that_changes_nothing_owns_nothing() -> None:
    live = applied(None, config(a="1"))
    assert track_update(live, live, manager="x", api_version="v1", now=LATER) == live


def pod(*containers: dict[str, Any], **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", **meta},
        "spec": {"containers": list(containers)},
    }


def test_items_of_lists_have_owners_of_their_own() -> None:
    port = {"containerPort": 80}
    live = applied(None, pod({"name": "a", "image": "i", "ports": [port]}, finalizers=["x/y"]))
    assert owned(live)["me Apply"] == {
        "f:metadata": {"f:finalizers": {'v:"x/y"': {}}},
        "f:spec": {
            "f:containers": {
                'k:{"name":"a"}': {
                    ".": {},
                    "f:image": {},
                    "f:name": {},
                    "f:ports": {
                        'k:{"containerPort":80,"protocol":"TCP"}': {
                            ".": {},
                            "f:containerPort": {},
                        }
                    },
                }
            }
        },
    }
    both = applied(live, pod({"name": "b", "image": "j"}), "other")
    assert [container.name for container in both.spec.containers] == ["b", "a"]
    with pytest.raises(PatchError) as caught:
        applied(both, pod({"name": "a", "image": "z"}), "other")
    assert str(caught.value).endswith('"me": .spec.containers[name="a"].image')
    alone = applied(both, pod({"name": "a", "image": "i"}))
    assert alone.spec.containers[0].ports == ()
    assert alone.metadata.finalizers == ()
    gone = applied(both, pod({"name": "b", "image": "j"}))
    assert [container.name for container in gone.spec.containers] == ["b"]


def test_a_dropped_struct_takes_its_defaults_along() -> None:
    probe = {"httpGet": {"port": 80}}
    live = applied(None, pod({"name": "a", "image": "i", "livenessProbe": probe}))
    filled = encode(live)
    filled["spec"]["containers"][0]["livenessProbe"]["periodSeconds"] = 10
    defaulted = decode(Pod, filled).object
    (with_probe,) = applied(
        defaulted, pod({"name": "a", "image": "i", "livenessProbe": probe})
    ).spec.containers
    assert with_probe.liveness_probe.period_seconds == 10
    (without,) = applied(defaulted, pod({"name": "a", "image": "i"})).spec.containers
    assert without.liveness_probe is None


def test_atomic_lists_have_one_owner() -> None:
    live = applied(None, pod({"name": "a", "image": "i", "command": ["x", "y"]}))
    with pytest.raises(PatchError):
        applied(live, pod({"name": "a", "command": ["x"]}), "other")
    (container,) = applied(
        live, pod({"name": "a", "command": ["x"]}), "other", force=True
    ).spec.containers
    assert container.command == ("x",)


def test_owners_cannot_be_applied() -> None:
    wanted = config(a="1")
    wanted["metadata"]["managedFields"] = [{"manager": "x"}]
    with pytest.raises(PatchError, match="managedFields must be nil"):
        applied(None, wanted)
    with pytest.raises(PatchError, match="must be an object"):
        apply(ConfigMap, None, values.Body([], ()), manager="m", api_version="v1", now=NOW)


def test_unknown_fields_are_strict_errors() -> None:
    body = values.read(json.dumps({**config(a="1"), "x": 1}).encode())
    made = apply(ConfigMap, None, body, manager="m", api_version="v1", now=NOW)
    assert made.strict_errors == ('unknown field "x"',)


_DATA = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=4)


@given(_DATA, _DATA, _DATA)
def test_one_who_applies_alone_gets_exactly_what_they_want(
    first: dict[str, str], second: dict[str, str], third: dict[str, str]
) -> None:
    live = None
    for data in (first, second, third):
        live = applied(live, config(**data))
        assert live.data == data
