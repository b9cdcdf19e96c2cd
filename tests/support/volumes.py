"""Pods with volumes, and what their containers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support import barepod
from tests.support.barepod import Fields, Setup

#: Before a command of an ordinary user: a kernel that refuses him user namespaces.
NO_NAMESPACES = (
    *("unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c"),
    *('echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"),
)


def mount(name: str, path: str, **fields: Any) -> Fields:
    return {"name": name, "mountPath": path, **fields}


def ro(name: str, path: str, **fields: Any) -> Fields:
    return mount(name, path, readOnly=True, **fields)


def said(place: Path, *manifests: Fields, setup: Setup | None = None) -> list[str]:
    """What container `c` wrote in a run that must succeed."""
    with barepod.run(place, *manifests, setup=setup) as run:
        assert run.wait() == 0, run.story()
        return run.said().splitlines()
