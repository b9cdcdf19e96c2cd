"""`barepod explain`: the fields of a kind."""

from __future__ import annotations

import click

from agent.cli.client.session import Session, client_command


@click.command("explain")
@client_command
@click.argument("field", metavar="TYPE[.FIELD]...")
@click.option("--recursive", is_flag=True, help="All fields below, with their types only.")
@click.option("--api-version", default="", metavar="VERSION", help="Of this group and version.")
def command(session: Session, field: str, recursive: bool, api_version: str) -> None:
    """Explain a kind or a field of it, and say what a bare host makes of it.

    \b
    barepod explain pod.spec.containers.livenessProbe
    barepod explain pod --recursive
    """
    from agent.cli.client.explaining import explain

    explain(session, field, api_version, is_recursive=recursive)
