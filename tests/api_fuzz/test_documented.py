"""Every documented operation, with everything that its schema allows and much that it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.support.cluster import Cluster

pytestmark = pytest.mark.integration

_GROUPS = ("api/v1", "apis/coordination.k8s.io/v1", "apis/events.k8s.io/v1")
_EXAMPLES = 12
_SECONDS = 10


@pytest.fixture(scope="module")
def session(cluster: Cluster) -> Any:
    """Connections of the administrator."""
    with requests.Session() as made:
        made.headers["Authorization"] = f"Bearer {cluster.token()}"
        made.verify = str(cluster.authority)
        made.trust_env = False
        yield made


def _operations(cluster: Cluster, session: Any, group: str) -> list[Any]:
    text = session.get(f"{cluster.address}/openapi/v3/{group}", timeout=_SECONDS).text
    document: Any = schemathesis.openapi.from_dict(json.loads(text))
    return [found.ok() for found in document.get_all_operations()]


def _tamed(case: Any) -> Any:
    """Into a namespace that is there; and no pod of chance is run."""
    if "namespace" in case.path_parameters:
        case.path_parameters["namespace"] = "default"
    if case.method != "GET":
        case.query = {**(case.query or {}), "dryRun": "All"}
    return case


@pytest.mark.timeout(120)
@pytest.mark.parametrize("group", _GROUPS)
def test_no_documented_request_breaks_the_server(
    cluster: Cluster, session: Any, group: str
) -> None:
    operations = _operations(cluster, session, group)
    assert operations

    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=_EXAMPLES,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        def ask(case: Any) -> None:
            answer = _tamed(case).call(
                base_url=cluster.address, session=session, timeout=_SECONDS, verify=session.verify
            )
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            body = answer.json()
            assert body["kind"]
            if answer.status_code >= 400:
                assert (body["kind"], body["status"]) == ("Status", "Failure")
                assert body["code"] == answer.status_code

        ask()
