"""`barepod wait`: until objects are as they should be."""

from __future__ import annotations

import click

from agent.cli.client import options
from agent.cli.client.session import Session, client_command
from agent.cli.client.spans import Span


@click.command("wait")
@client_command
@options.objects
@click.option(
    "--for",
    "goal",
    default="",
    metavar="GOAL",
    help="condition=NAME[=VALUE], jsonpath={PATH}[=VALUE], create or delete.",
)
@click.option(
    "--timeout",
    type=Span(),
    default="30s",
    show_default=True,
    help="Wait no longer. 0s looks once; less than that waits a week.",
)
def command(session: Session, all_namespaces: bool, **given: object) -> None:
    """Wait until something holds of each object; exit with 1 when the time is over.

    \b
    barepod wait pod/web --for=condition=Ready
    barepod wait pod -l app=web --for=jsonpath={.status.phase}=Succeeded --timeout=5m
    """
    from agent.cli.client.waiting import Wait, Waiting

    if all_namespaces:
        session.namespace = ""
    Waiting(session, Wait(**given)).run()  # type: ignore[arg-type]
