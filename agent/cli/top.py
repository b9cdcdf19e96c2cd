"""`barepod top`: what pods and the machine use."""

from __future__ import annotations

import click

from agent.cli.client import completion, options
from agent.cli.client.session import Session, client_command


@click.command("top")
@client_command
@click.argument("what", type=click.Choice(["pod", "pods", "po", "node", "nodes", "no"]))
@click.argument("name", default="", metavar="[NAME]", shell_complete=completion.pods)
@options.all_namespaces
@options.selector
@click.option("--containers", "by_container", is_flag=True, help="Each container by itself.")
@click.option(
    "--sort-by", type=click.Choice(["cpu", "memory"]), default=None, help="The greatest first."
)
@click.option("--sum", "sums", is_flag=True, help="With the sum of all.")
@click.option("--no-headers", is_flag=True, help="Without the names of the columns.")
def command(session: Session, what: str, all_namespaces: bool, **given: object) -> None:
    """Show the CPU and memory that pods or the machine use now.

    \b
    barepod top pod --containers
    barepod top node
    """
    from agent.cli.client.usage import Top, top_nodes, top_pods

    if all_namespaces:
        session.namespace = ""
    wanted = Top(**given)  # type: ignore[arg-type]
    if what.startswith("n"):
        top_nodes(session, wanted)
    else:
        top_pods(session, wanted)
