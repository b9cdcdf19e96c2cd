"""`barepod completion SHELL`."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands, options, files and container names in a shell.

    \b
    bash: add to ~/.bashrc    source <(barepod completion bash)
    zsh:  add to ~/.zshrc     source <(barepod completion zsh)
    fish: run once            barepod completion fish > ~/.config/fish/completions/barepod.fish
    """
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"no completion for {shell}")
    root = ctx.find_root().command
    click.echo(complete(root, {}, "barepod", "_BAREPOD_COMPLETE").source())
