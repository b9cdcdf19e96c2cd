"""The command `barepod` itself: its list, its slips, its version."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from agent import KUBERNETES_VERSION, __version__
from agent.cli.main import cli

_CLIENT = (
    *("get", "describe", "logs", "events", "exec", "apply", "create", "delete", "wait", "top"),
    "explain",
)
COMMANDS = (
    *("run", "agent", "validate", "probe", *_CLIENT, "kubeconfig", "version", "completion"),
)


def test_help_lists_every_command_that_can_be_called() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).stdout
    listed = [line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines()]

    assert listed == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = CliRunner().invoke(cli, [command, "-h"], prog_name="barepod")

    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: barepod {command} ")


def test_a_slip_is_answered_with_the_nearest_command() -> None:
    done = CliRunner().invoke(cli, ["valdate", "x.yaml"], prog_name="barepod")

    assert "No such command 'valdate'. Did you mean 'validate'?" in done.stderr
    assert done.exit_code == 2


def test_a_word_that_is_like_no_command_leads_to_the_help() -> None:
    done = CliRunner().invoke(cli, ["zzz"], prog_name="barepod")

    assert "No such command 'zzz'. See 'barepod --help'." in done.stderr


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_is_one_line(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, arguments)

    assert done.stdout.startswith(f"barepod {__version__} (Kubernetes {KUBERNETES_VERSION}, Python")
    assert done.stdout.count("\n") == 1


def test_the_version_for_machines_is_json() -> None:
    done = CliRunner().invoke(cli, ["version", "-o", "json"])

    facts = json.loads(done.stdout)
    assert (facts["barepod"], facts["kubernetes"]) == (__version__, KUBERNETES_VERSION)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_completion_script_calls_barepod(shell: str) -> None:
    done = CliRunner().invoke(cli, ["completion", shell])

    assert "_BAREPOD_COMPLETE" in done.stdout
    assert done.exit_code == 0


def test_a_shell_without_completion_is_refused() -> None:
    assert CliRunner().invoke(cli, ["completion", "csh"]).exit_code == 2
