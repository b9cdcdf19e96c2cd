"""Whose token, whose certificate?"""

from __future__ import annotations

import pytest

from agent.api.access.identity import Tokens, certified
from agent.api.machinery.call import User

ADMIN, READER = "a" * 43, "r" * 43


@pytest.mark.parametrize(
    ("authorization", "name"),
    [
        (f"Bearer {ADMIN}", "barepod-admin"),
        (f"bearer {READER}", "barepod-reader"),
        (f"Bearer {ADMIN}x", None),
        (f"Basic {ADMIN}", None),
        (ADMIN, None),
        ("Bearer ", None),
        ("", None),
        ("Bearer \udcff", None),
        ("Bearer " + "x" * 5000, None),
    ],
)
def test_a_token(authorization: str, name: str | None) -> None:
    user = Tokens(ADMIN, READER).user(authorization)

    assert (user and user.name) == name


def test_the_reader_is_one() -> None:
    tokens = Tokens(ADMIN, READER)

    assert tokens.user(f"Bearer {READER}") == User("barepod-reader", is_reader=True)
    assert tokens.user(f"Bearer {ADMIN}") == User("barepod-admin", ("system:masters",))


def _peer(**parts: str) -> dict[str, object]:
    return {"subject": tuple(((name, value),) for name, value in parts.items())}


def test_a_certificate() -> None:
    admin = certified(_peer(organizationName="system:masters", commonName="me"))

    assert admin == User("me", ("system:masters",))
    assert certified(_peer(commonName="you")) == User("you", is_reader=True)
    assert certified(_peer(organizationName="system:masters")) is None
    assert certified({}) is None
    assert certified(None) is None
