"""The limit of descriptors is raised, and given back."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from agent.host import descriptor_limit

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def soft() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_it_is_raised_as_far_as_is_wanted_and_given_back() -> None:
    found = descriptor_limit.raise_limit(1024)
    assert soft() == 1024
    assert [(number, given) for number, given, _ in found] == [(resource.RLIMIT_NOFILE, 512)]

    descriptor_limit.give_back(found)
    assert soft() == 512


def test_one_that_is_high_enough_stays() -> None:
    assert descriptor_limit.raise_limit(512) == ()
    assert soft() == 512


def test_it_is_not_raised_over_the_hard_one() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("there is no hard limit here")

    descriptor_limit.raise_limit(hard + 1)

    assert soft() == hard
