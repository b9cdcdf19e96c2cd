"""`barepod events`: what happened, in order of time."""

from __future__ import annotations

import click

from agent.cli.client import options
from agent.cli.client.session import Session, client_command


@click.command("events")
@client_command
@options.all_namespaces
@click.option(
    "--for",
    "about",
    metavar="TYPE/NAME",
    default="",
    shell_complete=lambda ctx, param, incomplete: _complete(ctx, param, incomplete),
    help="Only events about this object.",
)
@click.option("--types", metavar="TYPES", default="", help="Only these: Warning,Normal")
@click.option("-w", "--watch", "watches", is_flag=True, help="Go on with every event.")
@click.option("--no-headers", is_flag=True, help="Without the names of the columns.")
@options.output_option("yaml, json, name, jsonpath=TEMPLATE or custom-columns=... Default: text.")
def command(
    session: Session,
    all_namespaces: bool,
    about: str,
    types: str,
    watches: bool,
    no_headers: bool,
    output: str,
) -> None:
    """List events, the latest last.

    \b
    barepod events --for pod/web
    barepod events -A --types=Warning -w
    """
    from agent.cli.client.happening import Events, Happening

    if all_namespaces:
        session.namespace = ""
    wanted = Events(about, types, output, has_header=not no_headers)
    if watches:
        Happening(session, wanted).watch()
    else:
        Happening(session, wanted).show()


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from agent.cli.client.completion import targets

    return targets(ctx, param, incomplete)
