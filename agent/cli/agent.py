"""`barepod agent`: the daemon that runs the manifest directory."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from agent.cli.options import config_option

if TYPE_CHECKING:
    from agent.config import Config

EXIT_REFUSED = 2
EXIT_FAILED = 1
_MAX_CONFIG = 1024 * 1024


@click.command("agent")
@config_option
@click.option(
    "--replace",
    "is_replacement",
    is_flag=True,
    help="Have the agent that runs replaced by this version, in place; its pods go on.",
)
def command(config_file: str | None, is_replacement: bool) -> None:
    """Run every Pod of the manifest directory, and follow its changes, until told to stop.

    Every *.yaml, *.yml, *.json and *.toml in node.manifest_dir is a manifest. A new file starts its
    pods, an edited one changes or replaces them, a removed one ends them.

    \b
    Signals: SIGTERM stops with the pods' grace (node.on_stop = "terminate") or leaves them running
    ("keep"), a second one leaves them 2 seconds, a third none; SIGHUP reads the configuration and
    its images again; SIGUSR2 starts the installed version in place. Pods outlive the agent's death:
    the next one goes on with them.
    Exit codes: 0 stopped on request; 1 cannot go on; 2 refused, nothing was started.
    """

    from agent import config
    from agent.cli.manifests import refuse
    from agent.daemon.logs import open_log
    from agent.host import descriptor_limit, event_loop, reexec, systemd
    from agent.host.launch import launch
    from agent.store.place import StoreError

    try:
        found = _load(config_file)
    except config.ConfigError as exc:
        refuse(exc.problems)
    if is_replacement:
        from agent.cli.replace import replace

        sys.exit(replace(found.node.state_dir))
    log = open_log(found.log.level, sys.stderr, os.environ)
    watchdog = systemd.watchdog_interval(os.environ, os.getpid())
    notifier = systemd.Notifier(systemd.take_socket(os.environ))
    rlimits = descriptor_limit.raise_limit()
    launched = launch()
    try:
        from agent.daemon.agent import Agent, AgentParts
    except ImportError as exc:  # a Python that was built without SQLite, or lacks its library
        refuse((f"this Python ({sys.executable}) cannot remember anything: {exc}",))

    async def run() -> bool:
        return await Agent(
            AgentParts(
                config=found,
                load_config=lambda: _load(config_file),
                log=log,
                notifier=notifier,
                watchdog=watchdog,
                launched=launched,
                is_root=os.geteuid() == 0,
                rlimits=rlimits,
            )
        ).run()

    try:
        is_replaced = event_loop.run(run())
    except StoreError as exc:
        refuse((str(exc),))
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        log.error(
            "agent cannot go on", reason=f"{exc.filename}: {reason}" if exc.filename else reason
        )
        sys.exit(EXIT_FAILED)
    if is_replaced:
        descriptor_limit.give_back(rlimits)
        program, arguments = reexec.own_command()
        reexec.reexec((*program, *arguments))


def _load(path: str | None) -> Config:
    """The configuration, as far as this agent can honour it; ConfigError."""
    from agent import config

    return config.load(path, os.environ, os.geteuid(), read=_read)


def _read(path: str) -> str:
    """The file, if as root we may believe it."""
    from agent.host import trusted_file

    only_root = os.geteuid() == 0
    try:
        return trusted_file.read(path, limit=_MAX_CONFIG, only_root=only_root).data.decode()
    except trusted_file.FileRefused as exc:
        from agent.config import ConfigError

        raise ConfigError((f"{path}: {exc}",)) from exc
