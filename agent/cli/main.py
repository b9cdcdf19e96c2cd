"""The command `barepod`: each subcommand lives in a module of its own, imported when it is used."""

from __future__ import annotations

import importlib

import click

from agent import boot

_COMMANDS = {
    "run": "Run the Pods of manifest files in the foreground.",
    "agent": "Run every Pod of the manifest directory, as a service.",
    "validate": "Check manifest files, and say what has no effect here.",
    "probe": "Run each probe of a manifest once, now.",
    "get": "Show objects of the agent that runs.",
    "describe": "Describe objects, with their events.",
    "logs": "Print what containers wrote.",
    "events": "List what happened.",
    "exec": "Run a command in a container.",
    "apply": "Create or change objects so that they are as files say.",
    "create": "Create objects from files, or simple ones by name.",
    "delete": "Delete objects.",
    "wait": "Wait until objects are as they should be.",
    "top": "Show what pods and the machine use.",
    "explain": "Explain the fields of a kind.",
    "kubeconfig": "Print a kubeconfig for kubectl.",
    "version": "Print the version.",
    "completion": "Print a completion script for a shell.",
}
#: They have much to import yet, and tell when it is done.
_SETTLE_THEMSELVES = ("run", "agent")


class _LazyGroup(click.Group):
    """Imports a command's module only when it is asked for: `run` must not pay for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"agent.cli.{cmd_name}").command
        if cmd_name not in _SETTLE_THEMSELVES:
            boot.settle()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS:
            import difflib

            close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else " See 'barepod --help'."
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)


def _show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from agent.cli.version import text

        click.echo(text())
        ctx.exit()


@click.command(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print the version and exit.",
)
def cli() -> None:
    """Run Kubernetes Pod manifests as plain processes on this machine.

    barepod does for a Pod what a kubelet does: init containers in order, hooks, probes, restarts
    with back-off, graceful termination, status and events. No cluster and no containers needed.
    """
