"""A patch of any type to a typed object: what comes of it, and what is said about it."""

from __future__ import annotations

import json

import pytest

from agent.api.patch.apply import (
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_MERGE_PATCH,
    apply_patch,
)
from agent.api.patch.error import PatchError
from agent.model.config_data import ConfigMap
from agent.model.container import Container
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec

CONFIG = ConfigMap(
    api_version="v1", kind="ConfigMap", metadata=ObjectMeta(name="c"), data={"a": "1"}
)


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        (JSON_PATCH, b'[{"op":"add","path":"/data/b","value":"2"}]'),
        (MERGE_PATCH, b'{"data":{"b":"2"}}'),
        (STRATEGIC_MERGE_PATCH, b'{"data":{"b":"2"}}'),
    ],
)
def test_all_types_of_patches(media_type: str, patch: bytes) -> None:
    patched = apply_patch(media_type, CONFIG, patch)
    assert patched.object.data == {"a": "1", "b": "2"}
    assert patched.strict_errors == ()
    patched.refuse_if_strict()


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        (JSON_PATCH, b'[{"op":"add","path":"/x","value":"2"}]'),
        (MERGE_PATCH, b'{"x":1}'),
        (STRATEGIC_MERGE_PATCH, b'{"x":1}'),
    ],
)
def test_unknown_fields_are_warnings_unless_the_request_is_strict(
    media_type: str, patch: bytes
) -> None:
    patched = apply_patch(media_type, CONFIG, patch)
    assert patched.strict_errors == ('unknown field "x"',)
    with pytest.raises(PatchError) as caught:
        patched.refuse_if_strict()
    assert caught.value.status["code"] == 422
    assert 'strict decoding error: unknown field "x"' in str(caught.value)


@pytest.mark.parametrize(
    ("media_type", "patch", "text"),
    [
        (MERGE_PATCH, b'{"data":{"a":5}}', "cannot unmarshal number into Go struct field"),
        (MERGE_PATCH, b'{"apiVersion":"v2"}', 'is registered for version "v2"'),
        (STRATEGIC_MERGE_PATCH, b'{"data":{"a":5}}', "cannot convert int64 to string"),
        (STRATEGIC_MERGE_PATCH, b'{"metadata":"x"}', "cannot restore struct from: string"),
        (STRATEGIC_MERGE_PATCH, b'{"immutable":1}', "unrecognized type: bool"),
        (
            STRATEGIC_MERGE_PATCH,
            b'{"metadata":{"creationTimestamp":5}}',
            "json: cannot unmarshal number into Go value of type string",
        ),
    ],
)
def test_results_that_are_no_objects_are_invalid(media_type: str, patch: bytes, text: str) -> None:
    with pytest.raises(PatchError) as caught:
        apply_patch(media_type, CONFIG, patch)
    status = caught.value.status
    assert (status["code"], status["details"]["causes"][0]["field"]) == (422, "patch")
    assert text in status["message"]


@pytest.mark.parametrize("body", [b"[]", b"null", b"5"])
def test_a_merge_patch_is_a_map(body: bytes) -> None:
    with pytest.raises(PatchError) as caught:
        apply_patch(MERGE_PATCH, CONFIG, body)
    assert caught.value.status["code"] == 400


def test_an_error_shows_what_the_merge_has_left_of_the_patch() -> None:
    patch = {
        "spec": {
            "$setElementOrder/containers": [{"name": "c"}],
            "containers": [{"name": "c"}],
            "securityContext": {"runAsUser": None},
            "hostNetwork": "yes",
        }
    }
    with pytest.raises(PatchError) as caught:
        pod = Pod(spec=PodSpec(containers=(Container(name="c"),)))
        apply_patch(STRATEGIC_MERGE_PATCH, pod, json.dumps(patch).encode())
    shown = "map[spec:map[hostNetwork:yes securityContext:map[]]]"
    assert f'"{shown}": unrecognized type: bool' in str(caught.value)


def test_an_unknown_media_type_is_not_for_this_function() -> None:
    with pytest.raises(ValueError, match="no type of patch"):
        apply_patch("text/plain", CONFIG, b"{}")
