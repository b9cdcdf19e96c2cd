"""Words and environments that are large, or that no kernel takes."""

from __future__ import annotations

import pytest

from agent.host.process import Command, SpawnError
from tests.support.children import PATH, Host

_WAYS = [f"{mode}{when}" for mode in ("cgroup", "subreaper") for when in ("", " again")]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio,
    pytest.mark.parametrize("host", _WAYS, indirect=True),
]


async def test_a_large_environment_arrives_whole(host: Host) -> None:
    env = {"PATH": PATH, **{f"V{n}": "x" * 100_000 for n in range(8)}}
    command = Command(argv=("sh", "-c", 'test "${#V7}" = 100000'), env=env)

    child = await host.spawn(command, host.boundary())

    assert (await child.wait()).code == 0


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        (("true", "a\0b"), {}),
        (("true", "\ud800"), {}),
        (("true",), {"A": "a\0b"}),
        (("true",), {"A": "\ud800"}),
        (("true",), {"A=B": "c"}),
        (("true",), {"": "a"}),
    ],
)
async def test_words_that_execve_cannot_take_are_an_error_and_the_helper_lives(
    host: Host, argv: tuple[str, ...], env: dict[str, str]
) -> None:
    helper = host.spawner.helper_pid
    command = Command(argv=argv, env={"PATH": PATH, **env})

    with pytest.raises(SpawnError, match=r"exec .*true: invalid argument"):
        await host.spawn(command, host.boundary())

    assert host.spawner.helper_pid == helper


async def test_an_argument_that_no_kernel_takes_is_an_error(host: Host) -> None:
    command = Command(argv=("true", "x" * 3_000_000), env={"PATH": PATH})

    with pytest.raises(SpawnError, match="argument list too long"):
        await host.spawn(command, host.boundary())
