"""`barepod` as a client beside the real kubectl, both of the same API.

client = Client(server)
done = await client.barepod("get", "pods")
await client.same("get", "pods", "-o", "wide")
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

from tests.support import barepod
from tests.support.api import Server
from tests.support.kubectl import Done

_AGE = re.compile(r"\b(?:\d+[smhdy]){1,2}(?![\w.]) *")


class Client:
    """Commands of this tree with a configuration that leads to the server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        node = server.config.node
        self.config = Path(node.state_dir).parent / "barepod.toml"
        self.config.write_text(f'[node]\nrun_dir = "{node.run_dir}"\n')
        self.env = {**os.environ, "BAREPOD_CONFIG": str(self.config)}
        self._started: list[asyncio.subprocess.Process] = []

    async def barepod(self, *arguments: str, stdin: str = "") -> Done:
        """Run `barepod` to its end."""
        process = await self.start(*arguments)
        out, err = await process.communicate(stdin.encode())
        return Done(process.returncode or 0, out.decode(), err.decode())

    async def start(self, *arguments: str, **pipes: int) -> asyncio.subprocess.Process:
        """Start it, with pipes on all sides unless told otherwise."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent", *arguments),
            **{"stdin": pipe, "stdout": pipe, "stderr": pipe, **pipes},  # type: ignore[arg-type]
            cwd=barepod.ROOT,
            env=self.env,
        )
        self._started.append(process)
        return process

    async def close(self) -> None:
        """End what a test that failed has left."""
        for process in self._started:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    async def same(self, *arguments: str, stdin: str = "") -> Done:
        """Both say the same, but for ages, and end with the same code; what kubectl said.

        Lines that begin with `[pod/name/container]` count in each container's own order: kubectl
        keeps the containers of `logs` in a map, so that theirs is another one each time.
        """
        theirs = await self.server.kubectl(*arguments, stdin=stdin)
        ours = await self.barepod(*arguments, stdin=stdin)
        shown, expected = (by_container(without_ages(done)) for done in (ours, theirs))
        assert shown == expected, f"{arguments}: barepod {ours}, kubectl {theirs}"
        return theirs


def without_ages(done: Done) -> Done:
    """The same with AGE for every age, in a column as wide as before."""
    return Done(done.code, _masked(done.out), _masked(done.err))


def by_container(done: Done) -> Done:
    """The same with the lines of a container together, those without a prefix first."""

    def container(line: str) -> str:
        return line.partition(" ")[0] if line.startswith("[pod/") else ""

    return Done(
        done.code, "".join(sorted(done.out.splitlines(keepends=True), key=container)), done.err
    )


def _masked(text: str) -> str:
    return _AGE.sub(lambda found: "AGE".ljust(len(found[0])), text)
