"""`barepod kubeconfig`: how kubectl gets at this machine's agent."""

from __future__ import annotations

import os
import sys

import click

from agent.cli.options import config_option

EXIT_FAILED = 1


@click.command("kubeconfig")
@config_option
@click.option("--read-only", is_flag=True, help="One that can look, but neither change nor exec.")
@click.option(
    "--certificate", is_flag=True, help="With a client certificate instead of a bearer token."
)
@click.option("--server", metavar="URL", help="Where clients find it. Default: from api.listen.")
def command(
    config_file: str | None, read_only: bool, certificate: bool, server: str | None
) -> None:
    """Print a kubeconfig with which kubectl and other clients reach the agent of this machine.

    \b
    barepod kubeconfig > ~/.kube/barepod
    KUBECONFIG=~/.kube/barepod kubectl get pods

    It holds credentials: whoever has it may do what it allows. The keys are in node.state_dir and
    are made if the agent has not made them yet.
    """
    from agent.cli.manifests import read_config, refuse

    if read_only and certificate:
        raise click.UsageError("--read-only is given with a token; leave --certificate out")
    config = read_config(config_file)
    if not config.api.listen:
        refuse(('api.listen is "": the agent has no address that kubectl could reach',))
    from agent.api.access.kubeconfig import kubeconfig_of, server_url
    from agent.daemon.keys import FOLDER, keys_of
    from agent.host.clock import wall_time

    folder = f"{config.node.state_dir}/{FOLDER}"
    try:
        keys = keys_of(config, wall_time())
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        sys.stderr.write(
            f"barepod: cannot read keys in {folder}: {reason}\n"
            f"Ask as the user whose agent it is (uid {os.geteuid()} asked).\n"
        )
        sys.exit(EXIT_FAILED)
    sys.stdout.write(
        kubeconfig_of(
            keys,
            server or server_url(config.api.listen),
            is_reader=read_only,
            with_certificate=certificate,
        )
    )
