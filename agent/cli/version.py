"""`barepod version`."""

from __future__ import annotations

import platform

import click

from agent import KUBERNETES_VERSION, __version__


@click.command("version")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text: one line. json: one object.",
)
def command(output: str) -> None:
    """Print the version of barepod and of the Kubernetes API it speaks."""
    if output == "text":
        click.echo(text())
        return
    import json

    facts = {
        "barepod": __version__,
        "kubernetes": KUBERNETES_VERSION,
        "python": platform.python_version(),
    }
    click.echo(json.dumps(facts))


def text() -> str:
    """The version in one line."""
    python = platform.python_version()
    return f"barepod {__version__} (Kubernetes {KUBERNETES_VERSION}, Python {python})"
