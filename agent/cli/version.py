"""`barepod version`."""

from __future__ import annotations

import click


@click.command("version")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text")
def command(output: str) -> None:
    """Print the version of barepod and of the Kubernetes API it speaks."""
    import json
    import platform

    from agent import KUBERNETES_VERSION, __version__

    if output == "json":
        facts = {
            "barepod": __version__,
            "kubernetes": KUBERNETES_VERSION,
            "python": platform.python_version(),
        }
        click.echo(json.dumps(facts))
        return
    click.echo(f"barepod {__version__} (Kubernetes {KUBERNETES_VERSION}, ", nl=False)
    click.echo(f"Python {platform.python_version()})")
