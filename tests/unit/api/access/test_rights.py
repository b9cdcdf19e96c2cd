"""What may one who may only look do?"""

from __future__ import annotations

import pytest

from agent.api.access.rights import may
from agent.api.machinery.call import User

READER, ADMIN = User("r", is_reader=True), User("a", ("system:masters",))


@pytest.mark.parametrize(
    ("verb", "group", "resource", "subresource", "allowed"),
    [
        ("get", "", "pods", "", True),
        ("list", "", "configmaps", "", True),
        ("watch", "", "events", "", True),
        ("get", "", "pods", "log", True),
        ("get", "", "pods", "status", True),
        ("create", "", "pods", "", False),
        ("patch", "", "nodes", "", False),
        ("get", "", "secrets", "", False),
        ("list", "", "secrets", "", False),
        ("get", "", "pods", "exec", False),
        ("create", "", "pods", "attach", False),
        ("get", "", "pods", "portforward", False),
        ("create", "authorization.k8s.io", "selfsubjectaccessreviews", "", True),
        ("delete", "authorization.k8s.io", "selfsubjectaccessreviews", "", False),
    ],
)
def test_a_reader(verb: str, group: str, resource: str, subresource: str, allowed: bool) -> None:
    assert may(READER, verb, group, resource, subresource) is allowed
    assert may(ADMIN, verb, group, resource, subresource)
