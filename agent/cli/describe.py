"""`barepod describe`: all there is to know of an object, with its events."""

from __future__ import annotations

import click

from agent.cli.client import options
from agent.cli.client.session import Session, client_command


@click.command("describe")
@client_command
@options.arguments("[TYPE [NAME_PREFIX]... | TYPE/NAME...]")
@options.files
@options.all_namespaces
@options.selector
@click.option(
    "--show-events",
    "shows_events",
    type=bool,
    default=True,
    show_default=True,
    metavar="BOOL",
    help="With the events of an object.",
)
def command(
    session: Session,
    arguments: tuple[str, ...],
    files: tuple[str, ...],
    all_namespaces: bool,
    selector: str,
    shows_events: bool,
) -> None:
    """Describe objects in words; a name that nothing has describes what begins with it.

    \b
    barepod describe pod web
    barepod describe node
    barepod describe pods -l app=web
    """
    from agent.cli.client.describing import Describing

    if all_namespaces:
        session.namespace = ""
    Describing(session, shows_events=shows_events).run(arguments, files, selector)
