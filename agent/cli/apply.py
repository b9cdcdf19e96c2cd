"""`barepod apply`: make objects as files say."""

from __future__ import annotations

import click

from agent.cli.client import options
from agent.cli.client.session import Session, client_command


@click.command("apply")
@client_command
@options.files
@options.dry_run
@click.option("--server-side", is_flag=True, help="Let the server merge, by owners of fields.")
@click.option("--force-conflicts", is_flag=True, help="Take fields from their other owners.")
@click.option("--field-manager", metavar="NAME", default="", help="Who owns the fields.")
@options.output_option("yaml, json, name, jsonpath=TEMPLATE or custom-columns=... Default: text.")
def command(session: Session, **given: object) -> None:
    """Create what is not there, and change what differs from the files.

    What an earlier apply has set and the files leave out now is removed; what others have set
    stays.

    \b
    barepod apply -f web.yaml
    cat web.yaml | barepod apply -f -
    """
    from agent.cli.client.applying import Apply, Applying

    Applying(session, Apply(**given)).run()  # type: ignore[arg-type]
