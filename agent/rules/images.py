"""What does an image mean on a machine without images, and what does a container run?

The `[images]` table names what an image would have brought: entrypoint, arguments, variables.
References are read as a container runtime reads them (distribution: reference normalization).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

_DEFAULT_REGISTRY = "docker.io"
_OFFICIAL = "library/"


class ImageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the `[images]` table; empty means that the image says nothing."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    working_dir: str = ""
    user: str = ""
    stop_signal: str = ""


class NoCommand(ValueError):
    """Neither the container nor the image says what to run."""


class Reference(msgspec.Struct, frozen=True):
    """An image reference in full; `tag` is empty where only the digest counts."""

    repository: str
    tag: str = ""
    digest: str = ""

    def familiar(self) -> str:
        """The repository as people write it: `nginx`, not `docker.io/library/nginx`."""
        short = self.repository.removeprefix(f"{_DEFAULT_REGISTRY}/")
        return short if short == self.repository else short.removeprefix(_OFFICIAL)


def read_reference(image: str) -> Reference:
    """Read `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`; without tag and digest the tag is `latest`."""
    name, _, digest = image.partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return Reference(_full(head + slash + last), tag or ("" if digest else "latest"), digest)


def find(table: Mapping[str, ImageEntry], image: str) -> ImageEntry | None:
    """The entry for an image, or None: same repository, and tag or digest where the key has one.

    A key with a digest wins over one with a tag, and that over one for all of the repository.
    """
    wanted = read_reference(image)
    best: tuple[int, ImageEntry | None] = (0, None)
    for key, entry in table.items():
        best = max(best, (_rank(key, wanted), entry), key=lambda ranked: ranked[0])
    return best[1]


def argv(entry: ImageEntry, command: Sequence[str], args: Sequence[str]) -> tuple[str, ...]:
    """What is executed: `command` replaces the entrypoint and `args` the cmd.

    With `command` but without `args` the image's cmd is not used either. NoCommand if nothing
    is left. (containerd: WithProcessArgs)
    """
    if command:
        return (*command, *args)
    result = (*entry.entrypoint, *(args or entry.cmd))
    if not result:
        raise NoCommand("no command specified")
    return result


def unknown_image(image: str) -> str:
    """Why an image cannot be had, with the lines of TOML that would help."""
    key = read_reference(image).familiar().replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'image "{image}" means nothing on this machine: set command in the container, '
        "or say in barepod.toml what the image runs:\n"
        f'[images."{key}"]\n'
        'entrypoint = ["PROGRAM"]\n'
        'cmd = ["ARGUMENT"]'
    )


def _full(name: str) -> str:
    """With registry and, for official images, `library/`."""
    host, slash, path = name.partition("/")
    is_host = "." in host or ":" in host or host == "localhost"
    if not slash or not is_host:
        host, path = _DEFAULT_REGISTRY, name
    elif host == "index.docker.io":
        host = _DEFAULT_REGISTRY
    if host == _DEFAULT_REGISTRY and "/" not in path:
        path = _OFFICIAL + path
    return f"{host}/{path}"


def _rank(key: str, wanted: Reference) -> int:
    """How exactly a key of the table means the image; 0: not at all."""
    meant = read_reference(key)
    if meant.repository != wanted.repository:
        return 0
    if meant.digest:
        return 3 if meant.digest == wanted.digest else 0
    _, _, last = key.rpartition("/")
    if ":" in last:
        return 2 if meant.tag == wanted.tag else 0
    return 1
