"""Field errors print as Kubernetes prints them."""

from __future__ import annotations

import json

import pytest

from agent.manifest import errors
from agent.manifest.errors import OMIT, ErrorType, FieldError, ManifestError, Problem
from agent.manifest.gojson import to_json
from agent.model import gotext
from agent.model.meta import OwnerReference
from agent.model.scheduling import Toleration
from agent.model.security import SecurityContext


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.invalid("spec.x", "v", "must be y"), 'spec.x: Invalid value: "v": must be y'),
        (errors.invalid("spec.x", -1, "must be y"), "spec.x: Invalid value: -1: must be y"),
        (errors.invalid("spec.x", True, "no"), "spec.x: Invalid value: true: no"),
        (errors.invalid("spec.x", None, "no"), "spec.x: Invalid value: null: no"),
        (errors.invalid("spec.x", OMIT, "no"), "spec.x: Invalid value: no"),
        (errors.invalid("spec.x", ("a", "<"), "no"), 'spec.x: Invalid value: ["a","\\u003c"]: no'),
        (
            errors.invalid("spec.x", {"b": 1, "a": 2}, "no"),
            'spec.x: Invalid value: {"a":2,"b":1}: no',
        ),
        (errors.required("spec.x"), "spec.x: Required value"),
        (errors.required("spec.x", "why"), "spec.x: Required value: why"),
        (errors.duplicate("spec.x", "a"), 'spec.x: Duplicate value: "a"'),
        (errors.forbidden("spec.x", "why"), "spec.x: Forbidden: why"),
        (errors.not_found("spec.x", ""), 'spec.x: Not found: ""'),
        (
            errors.not_supported("spec.x", "c", ["a", "b"]),
            'spec.x: Unsupported value: "c": supported values: "a", "b"',
        ),
        (errors.not_supported("spec.x", "c", []), 'spec.x: Unsupported value: "c"'),
        (errors.too_long("spec.x", 64), "spec.x: Too long: may not be more than 64 bytes"),
        (errors.too_long("spec.x", -1), "spec.x: Too long: value is too long"),
        (errors.too_many("spec.x", 3, 1), "spec.x: Too many: 3: must have at most 1 item"),
        (errors.too_many("spec.x", 3, 2), "spec.x: Too many: 3: must have at most 2 items"),
        (errors.too_many("spec.x", 3, -1), "spec.x: Too many: 3: has too many items"),
        (FieldError(ErrorType.INTERNAL, "", "", "why"), "<nil>: Internal error: why"),
    ],
)
def test_a_field_error_prints_like_kubernetes(error: FieldError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("a\nb\tc\x00\x7f", '"a\\nb\\tc\\x00\\x7f"'),
        ("w\u00e9b", '"w\u00e9b"'),
        ("\u00a0", '"\\u00a0"'),
        ("\U000e0001", '"\\U000e0001"'),
        ("\udcff", '"\\xff"'),
    ],
)
def test_texts_are_quoted_as_go_does(text: str, quoted: str) -> None:
    assert gotext.quote(text) == quoted


def test_a_core_struct_shows_its_go_names_and_a_meta_struct_its_json_names() -> None:
    toleration = Toleration(key="k", operator="Exists", value="v")
    owner = OwnerReference(api_version="v1", kind="Event", name="e", uid="u")

    assert to_json(toleration) == (
        '{"Key":"k","Operator":"Exists","Value":"v","Effect":"","TolerationSeconds":null}'
    )
    assert to_json(owner) == '{"apiVersion":"v1","kind":"Event","name":"e","uid":"u"}'


def test_go_names_keep_their_capitals() -> None:
    shown = json.loads(to_json(SecurityContext(privileged=True)))

    assert list(shown)[:3] == ["Capabilities", "Privileged", "SELinuxOptions"]
    assert shown["Privileged"] is True
    assert shown["Capabilities"] is None


def test_a_problem_names_its_place_first() -> None:
    assert str(Problem("pod.yaml", 12, "spec.x", "unknown field")) == (
        "pod.yaml:12: spec.x: unknown field"
    )
    assert str(Problem("pod.yaml", 1, "", "is empty")) == "pod.yaml:1: is empty"


def test_a_manifest_error_shows_every_problem() -> None:
    first, second = Problem("a", 1, "", "x"), Problem("b", 2, "p", "y")

    error = ManifestError([first, second])

    assert error.problems == (first, second)
    assert str(error) == "a:1: x\nb:2: p: y"
