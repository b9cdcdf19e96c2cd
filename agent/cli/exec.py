"""`barepod exec`: a command in a container."""

from __future__ import annotations

import sys

import click

from agent.cli.client import completion, options
from agent.cli.client.session import Session, client_command


@click.command("exec")
@client_command
@click.argument("pod", metavar="POD | TYPE/NAME", shell_complete=completion.pods)
@click.argument("words", nargs=-1, metavar="-- COMMAND [ARG]...")
@options.container
@click.option("-i", "--stdin", "with_stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", "with_tty", is_flag=True, help="With a terminal.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but what the command prints.")
def command(session: Session, **given: object) -> None:
    """Run a command in a container, and exit with its exit code.

    \b
    barepod exec web -- ls /
    barepod exec -it web -c main -- bash
    """
    from agent.cli.client.executing import Execution, execute

    code = execute(session, Execution(**given))  # type: ignore[arg-type]
    if code:
        sys.stdout.flush()
        sys.exit(code)
