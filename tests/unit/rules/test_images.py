"""An image is what the table says of it, and the container's own words come first."""

from __future__ import annotations

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from agent.rules import images
from agent.rules.images import ImageEntry

DIGEST = "sha256:" + "0a" * 32
NGINX = ImageEntry(entrypoint=("nginx",), cmd=("-g", "daemon off;"))
WORDS = st.lists(st.text(max_size=4), max_size=4).map(tuple)


def named(name: str) -> ImageEntry:
    return ImageEntry(entrypoint=(name,))


@pytest.mark.parametrize(
    ("key", "image", "matches"),
    [
        ("nginx", "nginx", True),
        ("nginx", "nginx:1.17.1", True),
        ("nginx", f"docker.io/library/nginx@{DIGEST}", True),
        ("nginx", "index.docker.io/library/nginx:1", True),
        ("docker.io/library/nginx", "nginx", True),
        ("library/nginx", "nginx", True),
        ("nginx", "team/nginx", False),
        ("nginx", "registry.example.com/nginx", False),
        ("nginx", "nginx-extra", False),
        ("team/app", "docker.io/team/app:2", True),
        ("registry.example.com:5000/team/app", "registry.example.com:5000/team/app:2", True),
        ("registry.example.com:5000/team/app", "registry.example.com/team/app:2", False),
        ("localhost/app", "localhost/app", True),
        ("localhost/app", "app", False),
        ("nginx:1.17", "nginx:1.17", True),
        ("nginx:1.17", "nginx:1.18", False),
        ("nginx:latest", "nginx", True),
        ("nginx:latest", f"nginx@{DIGEST}", False),
        (f"nginx@{DIGEST}", f"nginx:1@{DIGEST}", True),
        (f"nginx@{DIGEST}", "nginx:1", False),
    ],
)
def test_a_key_means_an_image(key: str, image: str, matches: bool) -> None:
    assert (images.find({key: NGINX}, image) is NGINX) is matches


@pytest.mark.parametrize(
    ("image", "winner"),
    [
        ("busybox", "any"),
        ("busybox:1.28", "tag"),
        (f"busybox:1.28@{DIGEST}", "digest"),
        ("busybox:1.29", "any"),
    ],
)
def test_the_most_exact_key_wins_wherever_it_stands(image: str, winner: str) -> None:
    table = {
        "busybox:1.28": named("tag"),
        "busybox": named("any"),
        f"busybox@{DIGEST}": named("digest"),
    }

    for keys in (list(table), list(reversed(table))):
        assert images.find({key: table[key] for key in keys}, image) == named(winner)


@pytest.mark.parametrize(
    ("command", "args", "expected"),
    [
        ((), (), ("nginx", "-g", "daemon off;")),
        ((), ("-t",), ("nginx", "-t")),
        (("sh",), (), ("sh",)),
        (("sh",), ("-c", "true"), ("sh", "-c", "true")),
    ],
)
def test_command_and_args_replace_entrypoint_and_cmd(
    command: tuple[str, ...], args: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert images.argv(NGINX, command, args) == expected


def test_an_image_may_have_a_cmd_only() -> None:
    assert images.argv(ImageEntry(cmd=("sh",)), (), ()) == ("sh",)


def test_something_must_be_run() -> None:
    with pytest.raises(images.NoCommand, match="no command specified"):
        images.argv(ImageEntry(user="nobody"), (), ())


@pytest.mark.parametrize(
    ("image", "key"),
    [
        ("nginx:1.17.1", "nginx"),
        ("docker.io/library/nginx", "nginx"),
        ("docker.io/team/app", "team/app"),
        ("library/nginx", "nginx"),
        (f"quay.io/team/app@{DIGEST}", "quay.io/team/app"),
        ("localhost:5000/library/x", "localhost:5000/library/x"),
        ('we"ird\\', 'we"ird\\'),
    ],
)
def test_the_advice_is_toml_that_helps(image: str, key: str) -> None:
    message = images.unknown_image(image)

    reason, _, advice = message.partition("\n")
    table = tomli.loads(advice)["images"]
    assert image in reason
    assert len(advice.splitlines()) == 3
    assert table == {key: {"entrypoint": ["PROGRAM"], "cmd": ["ARGUMENT"]}}
    assert images.find({key: NGINX}, image) is NGINX


@given(st.text())
def test_every_text_is_read_as_some_reference_and_means_itself(image: str) -> None:
    assert images.find({image: NGINX}, image) is NGINX


@given(WORDS, WORDS, WORDS, WORDS)
def test_the_words_of_the_container_are_always_executed(
    entrypoint: tuple[str, ...],
    cmd: tuple[str, ...],
    command: tuple[str, ...],
    args: tuple[str, ...],
) -> None:
    if not entrypoint + cmd + command + args:
        return
    entry = ImageEntry(entrypoint=entrypoint, cmd=cmd)

    result = images.argv(entry, command, args)

    assert result[: len(command)] == command
    assert result[len(result) - len(args) :] == args
