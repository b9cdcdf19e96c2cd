"""How one run of barepod in a test is started: user, containment, configuration."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Mode = Literal["cgroup", "subreaper", "user"]

NOBODY = 65534


@dataclass(frozen=True)
class Setup:
    """How one run is started.

    `mode`: `cgroup` as we are; `subreaper` without any cgroup v2 mounted; `user` as nobody.
    `health` and `agent_check` are listening addresses of an agent, none unless told otherwise;
    `config` are further lines of barepod.toml; `prefix` is a command that executes barepod.
    """

    mode: Mode = "cgroup"
    output: str = "json"
    health: str = ""
    agent_check: str = ""
    config: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    crash_loop: tuple[float, float] = (0.2, 0.4)
    stdout: int | None = None
    node: Mapping[str, str] = field(default_factory=dict)

    def config_text(self, folder: Path) -> str:
        """The text of barepod.toml for a run in this folder."""
        node = {
            "name": "vm",
            "log_dir": str(folder / "logs"),
            "run_dir": str(folder / "run"),
            "state_dir": str(folder / "state"),
            **self.node,
        }
        first, last = self.crash_loop
        return "\n".join(
            [
                "[node]",
                *(f"{key} = {json.dumps(value)}" for key, value in node.items()),
                "[crash_loop]",
                f"initial_seconds = {first}",
                f"max_seconds = {last}",
                "[health]",
                f"listen = {json.dumps(self.health)}",
                "[haproxy]",
                f"agent_check = {json.dumps(self.agent_check)}",
                self.config,
            ]
        )

    def become(self, folder: Path) -> list[str]:
        """What goes before the command to be contained as the mode says."""
        match self.mode:
            case "cgroup":
                return []
            case "user":
                return become_nobody(folder)
            case "subreaper":
                without = (
                    'umount -l $(awk \'$3 == "cgroup2" {print $2}\' /proc/mounts) && exec "$@"'
                )
                return ["unshare", "--mount", "sh", "-c", without, "sh"]


def become_nobody(folder: Path) -> list[str]:
    """A command that executes another as nobody.

    Where the interpreter lies in root's own home it is made reachable, in a mount namespace of the
    command's own; `folder` is where that is prepared.
    """
    ids = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    base = Path(sys.base_prefix)
    closed = [path for path in reversed(base.parents) if not path.stat().st_mode & 0o001]
    if not closed:
        return ids
    (folder / "base").mkdir(exist_ok=True)
    script = (
        'mount --bind "$1" "$2" && mount -t tmpfs -o mode=755 none "$3" && mkdir -p "$1" '
        '&& mount --bind "$2" "$1" && shift 3 && exec "$@"'
    )
    places = [str(base), str(folder / "base"), str(closed[0])]
    return ["unshare", "--mount", "sh", "-c", script, "sh", *places, *ids]
