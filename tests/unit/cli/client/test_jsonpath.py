"""JSONPath in kubectl's grammar."""

from __future__ import annotations

import pytest

from agent.cli.client import jsonpath
from agent.cli.client.errors import ClientError

POD = {
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web", "a.b/c": "dotted"}, "uid": "u"},
    "spec": {
        "containers": [
            {"name": "a", "image": "x", "ports": [{"containerPort": 80}, {"containerPort": 81}]},
            {"name": "b", "image": "y", "ready": True},
            {"name": "c", "image": "z", "ready": False, "weight": 2},
        ]
    },
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.metadata.name}", "web"),
        ("{$.metadata.name}", "web"),
        ("{@.metadata.name}", "web"),
        ("{['metadata'].name}", "web"),
        ("name: {.metadata.name}!", "name: web!"),
        ("{.metadata['name','uid']}", "web u"),
        (r"{.metadata.labels.a\.b/c}", "dotted"),
        ("{.metadata.labels['a.b/c']}", "dotted"),
        ("{.metadata.labels}", '{"a.b/c":"dotted","app":"web"}'),
        ("{.spec.containers[*].name}", "a b c"),
        ("{.spec.containers[0].name}", "a"),
        ("{.spec.containers[-1].name}", "c"),
        ("{.spec.containers[0,2].name}", "a c"),
        ("{.spec.containers[1:].name}", "b c"),
        ("{.spec.containers[:-1].name}", "a b"),
        ("{.spec.containers[::2].name}", "a c"),
        ("{.spec.containers[7].name}", ""),
        ("{..containerPort}", "80 81"),
        ("{.spec.containers[*].ports[*].containerPort}", "80 81"),
        ('{.spec.containers[?(@.name=="b")].image}', "y"),
        ("{.spec.containers[?(@.name!='b')].image}", "x z"),
        ("{.spec.containers[?(@.ready)].name}", "b c"),
        ("{.spec.containers[?(@.ready==true)].name}", "b"),
        ("{.spec.containers[?(@.weight>1)].name}", "c"),
        ("{.spec.containers[?(@.name>1)].name}", ""),
        ("{.spec.containers[?(@.ports[0].containerPort==80)].name}", "a"),
        ('{range .spec.containers[*]}{.name}={.image}{"\\n"}{end}', "a=x\nb=y\nc=z\n"),
        ("{range .spec.containers[:1]}{range .ports[*]}{.containerPort},{end}{end}", "80,81,"),
        ("{range .spec.containers[*]}{$.kind}{end}", "PodPodPod"),
        ("{.metadata.*}", '{"a.b/c":"dotted","app":"web"} web u'),
        ("{.nope.more}", ""),
        ("plain", "plain"),
        ("{.kind}{.kind}", "PodPod"),
    ],
)
def test_what_a_template_finds(template: str, text: str) -> None:
    assert jsonpath.parse(template).render(POD) == text


@pytest.mark.parametrize(
    "template",
    ["{.a", "{.a[}", "{end}", "{range .a[*]}x", "{.a[x y]}", "{.a[?(@.b==zzz)]}", "{,}"],
)
def test_what_is_no_template(template: str) -> None:
    with pytest.raises(ClientError, match="error parsing jsonpath"):
        jsonpath.parse(template)


@pytest.mark.parametrize(
    "expression", ["{.metadata.name}", "{metadata.name}", ".metadata.name", "metadata.name"]
)
def test_braces_and_the_first_dot_may_be_left_out(expression: str) -> None:
    assert jsonpath.parse_relaxed(expression).find(POD) == ["web"]


@pytest.mark.parametrize("expression", ["", "{}", "{.a}{.b}"])
def test_an_expression_is_one_path(expression: str) -> None:
    with pytest.raises(ClientError, match="unexpected path string"):
        jsonpath.parse_relaxed(expression)
