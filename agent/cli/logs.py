"""`barepod logs`: what containers wrote."""

from __future__ import annotations

import click

from agent.cli.client import completion, options
from agent.cli.client.session import Session, client_command
from agent.cli.client.spans import Span


@click.command("logs")
@client_command
@click.argument("pod", default="", metavar="[POD | TYPE/NAME]", shell_complete=completion.pods)
@click.argument("container_argument", default="", metavar="[CONTAINER]")
@options.container
@options.selector
@click.option("--all-containers", is_flag=True, help="Every container of the pod.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what they write.")
@click.option("-p", "--previous", is_flag=True, help="Of the run before the last restart.")
@click.option("--tail", type=int, default=-1, metavar="N", help="The last lines only.")
@click.option("--since", type=Span(), default="0s", help="Not older than this: 5m")
@click.option("--since-time", default="", metavar="TIME", help="Not before: 2026-01-02T03:04:05Z")
@click.option("--timestamps", is_flag=True, help="Each line with its time.")
@click.option("--limit-bytes", type=int, default=0, metavar="N", help="No more than this.")
@click.option("--prefix", is_flag=True, help="Each line with its pod and container.")
def command(session: Session, **given: object) -> None:
    """Print what the containers of a pod wrote.

    \b
    barepod logs web -f                barepod logs web -c main --previous
    barepod logs -l app=web --prefix   barepod logs web --all-containers --tail=20
    """
    from agent.cli.client.logging import Logging, Logs

    Logging(session, Logs(**given)).run()  # type: ignore[arg-type]
