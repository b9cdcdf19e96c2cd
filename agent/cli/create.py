"""`barepod create`: objects from files, or simple ones by name."""

from __future__ import annotations

import click

from agent.cli.client import options
from agent.cli.client.session import Session, client_command


@click.command("create")
@client_command
@click.argument("words", nargs=-1, metavar="[namespace|configmap|secret generic NAME]")
@options.files
@click.option(
    "--from-literal", "literals", multiple=True, metavar="KEY=VALUE", help="A key of the data."
)
@click.option(
    "--from-file",
    "sources",
    multiple=True,
    metavar="[KEY=]FILE",
    help="A file as a key of the data, or all files of a directory.",
)
@click.option("--type", "secret_type", default="Opaque", metavar="TYPE", help="Of a secret.")
@options.dry_run
@options.output_option("yaml, json, name, jsonpath=TEMPLATE or custom-columns=... Default: text.")
def command(session: Session, **given: object) -> None:
    """Create objects that are not there yet.

    \b
    barepod create -f web.yaml
    barepod create namespace team
    barepod create configmap settings --from-literal=level=debug --from-file=app.conf
    barepod create secret generic db --from-literal=password=...
    """
    from agent.cli.client.creating import Create, Creating

    Creating(session, Create(**given)).run()  # type: ignore[arg-type]
