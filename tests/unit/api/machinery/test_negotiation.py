"""Which form a client wants."""

from __future__ import annotations

import pytest

from agent.api.machinery.errors import APIError
from agent.api.machinery.negotiation import JSON, YAML, Form, Shape, content_type_of, form_of

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form()),
        ("*/*", Form()),
        ("application/*", Form()),
        ("application/json", Form()),
        ("application/yaml", Form(media=YAML)),
        ("application/vnd.kubernetes.protobuf,application/json", Form()),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Form()),
        ("application/yaml;q=0.5,application/json;q=0.9", Form()),
        ("application/json;q=0,application/yaml", Form(media=YAML)),
        (f"{TABLE},application/json", Form(shape=Shape.TABLE)),
        (TABLE.replace("v=v1", "v=v1beta1"), Form(shape=Shape.TABLE, version="v1beta1")),
        (f"{TABLE.replace('v=v1', 'v=v9')},application/json", Form()),
        ("application/json;as=Chart;v=v1;g=meta.k8s.io,*/*", Form()),
        (
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            Form(shape=Shape.PARTIAL),
        ),
    ],
)
def test_the_first_form_that_can_be_written(accept: str, form: Form) -> None:
    assert form_of(accept) == form


@pytest.mark.parametrize("accept", ["application/vnd.kubernetes.protobuf", "text/html"])
def test_a_form_that_there_is_not(accept: str) -> None:
    with pytest.raises(APIError) as refused:
        form_of(accept)

    assert (refused.value.status.code, refused.value.status.reason) == (406, "NotAcceptable")


def test_a_stream_is_json() -> None:
    assert form_of("application/yaml,application/json", is_stream=True).media == JSON


def test_the_type_of_a_body() -> None:
    assert content_type_of("Application/JSON; charset=utf-8") == JSON
