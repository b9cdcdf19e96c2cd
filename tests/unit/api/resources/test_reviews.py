"""Who am I, and what may I do?"""

from __future__ import annotations

import pytest

from agent.api.machinery.call import User
from tests.support.world import ADMIN, world

pytestmark = pytest.mark.asyncio

READER = User("looker", is_reader=True)
ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@pytest.mark.parametrize(
    ("user", "verb", "resource", "allowed"),
    [
        (ADMIN, "create", "pods", True),
        (READER, "create", "pods", False),
        (READER, "list", "pods", True),
        (READER, "list", "secrets", False),
    ],
)
async def test_access(user: User, verb: str, resource: str, allowed: bool) -> None:
    given = {"spec": {"resourceAttributes": {"verb": verb, "resource": resource}}}
    async with world() as w:
        answer = await w.answer("POST", ACCESS, given, user=user)
        found = await w.ask("POST", ACCESS, given, user=user)

    assert answer.status == 201
    assert found["status"]["allowed"] is allowed
    assert found["spec"] == given["spec"]


async def test_rules() -> None:
    async with world() as w:
        all_of_it = await w.ask("POST", RULES, {"spec": {"namespace": "default"}})
        some = await w.ask("POST", RULES, {"spec": {"namespace": "default"}}, user=READER)

    assert all_of_it["status"]["resourceRules"][0]["verbs"] == ["*"]
    assert some["status"]["resourceRules"][0]["verbs"] == ["get", "list", "watch"]


@pytest.mark.parametrize("path", [WHO, WHO.replace("/v1/", "/v1beta1/")])
async def test_who(path: str) -> None:
    async with world() as w:
        found = await w.ask("POST", path, {}, user=READER)

    assert found["status"]["userInfo"] == {
        "username": "looker",
        "groups": ["system:authenticated"],
    }
