"""`barepod kubeconfig`: what it prints, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from agent.cli.main import cli

pytestmark = pytest.mark.integration


def _ask(folder: Path, *arguments: str, listen: str = "127.0.0.1:6440") -> Result:
    config = folder / "barepod.toml"
    config.write_text(f'[node]\nstate_dir = "{folder}/state"\n[api]\nlisten = "{listen}"\n')
    (folder / "state").mkdir(exist_ok=True)
    return CliRunner().invoke(cli, ["kubeconfig", "--config", str(config), *arguments])


def _user(result: Result) -> dict[str, Any]:
    (user,) = yaml.safe_load(result.stdout)["users"]
    found: dict[str, Any] = user["user"]
    return found


def test_a_token_of_the_administrator(tmp_path: Path) -> None:
    printed = _ask(tmp_path)

    assert printed.exit_code == 0
    token = (tmp_path / "state/pki/admin.token").read_text().strip()
    assert _user(printed) == {"token": token}
    (cluster,) = yaml.safe_load(printed.stdout)["clusters"]
    assert cluster["cluster"]["server"] == "https://127.0.0.1:6440"


def test_a_token_that_only_looks(tmp_path: Path) -> None:
    printed = _ask(tmp_path, "--read-only")

    assert _user(printed) == {"token": (tmp_path / "state/pki/reader.token").read_text().strip()}
    assert "admin" not in printed.stdout


def test_a_certificate(tmp_path: Path) -> None:
    assert set(_user(_ask(tmp_path, "--certificate"))) == {
        "client-certificate-data",
        "client-key-data",
    }


def test_another_address(tmp_path: Path) -> None:
    printed = _ask(tmp_path, "--server", "https://vm.example:443")

    assert "server: https://vm.example:443" in printed.stdout


def test_without_an_address_there_is_none(tmp_path: Path) -> None:
    refused = _ask(tmp_path, listen="")

    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert "api.listen" in refused.stderr


def test_one_of_the_two(tmp_path: Path) -> None:
    assert _ask(tmp_path, "--read-only", "--certificate").exit_code == 2


def test_keys_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/pki").write_text("")
    refused = _ask(tmp_path)

    assert refused.exit_code == 1
    assert refused.stderr.startswith("barepod: cannot read keys in ")
