"""`barepod delete`: objects by name, by file or by label."""

from __future__ import annotations

import click

from agent.cli.client import options
from agent.cli.client.session import Session, client_command
from agent.cli.client.spans import Span


@click.command("delete")
@client_command
@options.objects
@click.option(
    "--grace-period", type=int, default=-1, metavar="SECONDS", help="Instead of the pod's own."
)
@click.option("--now", is_flag=True, help="The same as --grace-period=1.")
@click.option("--force", is_flag=True, help="Kill at once: --grace-period=0.")
@click.option(
    "--wait",
    "waits",
    type=bool,
    default=True,
    show_default=True,
    metavar="BOOL",
    help="Return once they are gone.",
)
@click.option("--timeout", type=Span(), default="0s", help="Wait no longer. Default: for ever.")
@click.option("--ignore-not-found", is_flag=True, help="What is not there is no failure.")
@options.dry_run
@options.output_option("name: print TYPE/NAME only.")
def command(session: Session, all_namespaces: bool, **given: object) -> None:
    """Delete objects; pods end gracefully first.

    \b
    barepod delete pod web             barepod delete -f web.yaml
    barepod delete pods -l app=web     barepod delete pod web --now
    """
    from agent.cli.client.deleting import Delete, Deleting

    if all_namespaces:
        session.namespace = ""
    Deleting(session, Delete(**given)).run()  # type: ignore[arg-type]
