"""`barepod get`: objects as tables, or in another form."""

from __future__ import annotations

import click

from agent.cli.client import options
from agent.cli.client.session import Session, client_command


@click.command("get")
@client_command
@options.arguments("[TYPE[,TYPE] [NAME]... | TYPE/NAME...]")
@options.files
@options.all_namespaces
@options.selector
@options.field_selector
@options.output_option(
    "wide, yaml, json, name, jsonpath=TEMPLATE or custom-columns=NAME:PATH,... Default: a table."
)
@click.option("--sort-by", metavar="PATH", default="", help="Order by a field: .metadata.name")
@click.option("-w", "--watch", "watches", is_flag=True, help="Go on with every change.")
@click.option("--watch-only", is_flag=True, help="Changes only, without what is there already.")
@click.option("--output-watch-events", is_flag=True, help="With a column EVENT: ADDED, DELETED...")
@click.option("-L", "--label-columns", multiple=True, metavar="LABEL", help="Labels as columns.")
@click.option("--show-labels", is_flag=True, help="All labels as the last column.")
@click.option("--show-kind", is_flag=True, help="Names with their kind: pod/web.")
@click.option("--show-managed-fields", is_flag=True, help="Keep managedFields in yaml and json.")
@click.option("--no-headers", is_flag=True, help="Without the names of the columns.")
@click.option("--ignore-not-found", is_flag=True, help="What is not there is no failure.")
@click.option("--raw", metavar="PATH", default="", help="Print what the server says at a path.")
def command(session: Session, **given: object) -> None:
    """Show objects: pods, events, nodes, configmaps, secrets, namespaces, manifests...

    \b
    barepod get pods                   barepod get pods -A -o wide
    barepod get pod web -o yaml        barepod get pod/web cm/settings
    barepod get po -l app=web -w       barepod get all
    barepod get manifests              files of the manifest directory, broken ones with the reason
    """
    from agent.cli.client.getting import Get, Getting

    Getting(session, Get(**given)).run()  # type: ignore[arg-type]
