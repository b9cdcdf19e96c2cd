"""Which container is meant?"""

from __future__ import annotations

from typing import Any

import pytest

from agent.cli.client.containers import choose, of_pod
from agent.cli.client.errors import ClientError

_POD: Any = {
    "metadata": {"name": "web"},
    "spec": {
        "containers": [{"name": "main"}, {"name": "side"}],
        "initContainers": [{"name": "first"}],
    },
}


def test_the_first_one_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    assert choose(_POD, "") == "main"
    assert capsys.readouterr().err == (
        'Defaulted container "main" out of: main, side, first (init)\n'
    )


def test_the_only_one_needs_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "main"}]}}

    assert choose(pod, "") == "main"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("default", "chosen"), [("side", "side"), ("nope", "main")])
def test_the_default_that_the_pod_names(default: str, chosen: str) -> None:
    annotations = {"kubectl.kubernetes.io/default-container": default}
    pod = {**_POD, "metadata": {"name": "web", "annotations": annotations}}

    assert choose(pod, "") == chosen


def test_the_one_that_is_named() -> None:
    assert choose(_POD, "first") == "first"
    with pytest.raises(ClientError, match="container nope is not valid for pod web"):
        choose(_POD, "nope")


def test_all_of_them() -> None:
    assert of_pod(_POD, inits_first=True) == ["first", "main", "side"]
