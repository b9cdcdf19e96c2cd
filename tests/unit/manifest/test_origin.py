"""A field of a pod is found where the user wrote it."""

from __future__ import annotations

from agent.manifest import errors
from agent.manifest.json_text import read
from agent.manifest.origin import Origin

TEXT = """{"items": [
 {"metadata": {"name": "web"},
  "spec": {"template": {
   "metadata": {"labels": {}},
   "spec": {"containers": [
    {"name": "c"}]}}}}]}"""


def test_a_field_of_an_item_has_the_path_of_the_whole_document() -> None:
    origin = Origin("f", read(TEXT), ("items", 0))

    problem = origin.field_problem(errors.required("metadata.name", "why"))

    assert str(problem) == "f:2: items[0].metadata.name: Required value: why"
    assert origin.problem(("spec", "x"), "no").line == 3
    assert (origin.line, origin.line_of("spec.template.spec")) == (2, 5)
    assert origin.value == origin.document.value["items"][0]  # type: ignore[index]


def test_a_field_of_a_template_is_shown_inside_the_workload() -> None:
    origin = Origin("f", read(TEXT), ("items", 0), ("spec", "template"))

    container = origin.field_problem(errors.required("spec.containers[0].image"))
    name = origin.field_problem(errors.required("metadata.name"))
    labels = origin.field_problem(errors.required("metadata.labels"))

    assert str(container) == "f:6: items[0].spec.template.spec.containers[0].image: Required value"
    assert str(name) == "f:2: items[0].metadata.name: Required value"
    assert str(labels) == "f:4: items[0].spec.template.metadata.labels: Required value"


def test_a_path_of_a_plain_document_is_shown_as_validation_wrote_it() -> None:
    origin = Origin("f", read('{"spec": {}}'))

    assert str(origin.field_problem(errors.required("spec.{a, b}"))) == (
        "f:1: spec.{a, b}: Required value"
    )
