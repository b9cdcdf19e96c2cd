"""Bodies of requests are answered in the API server's words."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.manifest.body import BodyError, read_body, status
from agent.model.pod import Pod
from agent.model.workload import Deployment


def refused(text: str, media: Literal["json", "yaml"] = "json") -> BodyError:
    with pytest.raises(BodyError) as raised:
        read_body(Pod, text.encode(), media=media, api_version="v1")
    return raised.value


def test_kind_and_version_may_be_left_out() -> None:
    body = read_body(Pod, b'{"metadata":{"name":"a"}}', media="json", api_version="v1")

    assert (body.object.metadata.name, body.kind, body.version) == ("a", "Pod", "v1")


def test_strict_errors_are_warnings_unless_asked_for() -> None:
    body = read_body(Pod, b'{"kind":"Pod","x":1,"y":2}', media="json", api_version="v1")

    assert body.strict_errors == ('unknown field "x"', 'unknown field "y"')
    with pytest.raises(BodyError) as raised:
        body.refuse_if_strict()
    assert raised.value.message == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
        'unknown field "x", unknown field "y"'
    )


def test_nothing_strict_is_no_refusal() -> None:
    read_body(Pod, b"{}", media="json", api_version="v1").refuse_if_strict()


def test_repeated_keys_of_yaml_are_one_error_with_lines() -> None:
    body = read_body(
        Pod, b"zz: 1\nmetadata: {}\nmetadata:\n  a: 1\n  a: 2\n", media="yaml", api_version="v1"
    )

    assert body.strict_errors == (
        'yaml: unmarshal errors:\n  line 5: key "a" already set in map\n'
        '  line 4: key "metadata" already set in map',
        'unknown field "metadata.a"',
        'unknown field "zz"',
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"kind":"ConfigMap","apiVersion":"v1"}', "converting (v1.ConfigMap) to (core.Pod)"),
        ('{"kind":"Service","apiVersion":"v1"}', "converting (v1.Service) to (core.Pod)"),
        (
            '{"kind":"Deployment","apiVersion":"apps/v1","spec":5}',
            "json: cannot unmarshal number into Go struct field Deployment.spec of type",
        ),
        ('{"kind":"Podd"}', 'no kind "Podd" is registered for version "v1" in scheme'),
        ('{"apiVersion":"apps/v1"}', 'no kind "Pod" is registered for version "apps/v1"'),
    ],
)
def test_another_kind_cannot_be_handled(text: str, error: str) -> None:
    wrong = refused(text)

    assert wrong.text.startswith(error)
    assert " cannot be handled as a Pod: " in wrong.message


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", "unexpected end of JSON input (<empty>)"),
        ("[1]", "cannot unmarshal array into Go value of type struct"),
        ('{"kind":{}}', "cannot unmarshal object into Go struct field .kind of type string"),
        ('{"KIND":1.5}', "cannot unmarshal number into Go struct field .kind of type string"),
        ('{"apiVersion":"a/b/c"}', "unexpected GroupVersion string: a/b/c"),
        ("{" + " " * 40, "unexpected end of JSON input ({" + " " * 29 + " ...)"),
        ("[" * 300, "exceeded max depth"),
    ],
)
def test_a_body_of_no_kind_is_unrecognized(text: str, end: str) -> None:
    message = refused(text).message

    assert message.startswith("the object provided is unrecognized (must be of type Pod): ")
    assert end in message


def test_yaml_that_is_none_is_unrecognized() -> None:
    wrong = refused("a: [", "yaml")

    assert wrong.text == "yaml: line 1: did not find expected node content"
    assert wrong.message.endswith("(613a205b)")


def test_the_status_is_that_of_a_bad_request() -> None:
    assert status("no") == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "no",
        "reason": "BadRequest",
        "code": 400,
    }


def test_a_workload_is_read_by_its_own_version() -> None:
    body = read_body(Deployment, b'{"spec":{"replicas":2}}', media="json", api_version="apps/v1")

    assert (body.object.spec.replicas, body.version) == (2, "v1")


@settings(max_examples=60)
@given(st.binary(), st.sampled_from(["json", "yaml"]))
def test_any_bytes_are_answered(raw: bytes, media: Literal["json", "yaml"]) -> None:
    try:
        answer = read_body(Pod, raw, media=media, api_version="v1").kind
    except BodyError as exc:
        answer = exc.message

    assert "Pod" in answer
