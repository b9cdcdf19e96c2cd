"""Keys: made once, private, and made anew when they have to be."""

from __future__ import annotations

import ssl
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from agent.api.access.keys import load_or_make
from agent.host.clock import wall_time

pytestmark = pytest.mark.integration

NAMES = ("localhost", "127.0.0.1")


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_they_are_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    first = load_or_make(str(folder), NAMES, wall_time())
    before = _contents(folder)
    second = load_or_make(str(folder), NAMES, wall_time())

    assert first == second
    assert _contents(folder) == before
    assert len(first.admin_token) >= 32
    assert first.admin_token != first.reader_token


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    load_or_make(str(folder), NAMES, wall_time())
    (folder / "admin.token").chmod(0o644)
    load_or_make(str(folder), NAMES, wall_time())

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_another_name_makes_another_certificate_of_the_same_authority(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    load_or_make(str(folder), NAMES, wall_time())
    before = _contents(folder)
    load_or_make(str(folder), (*NAMES, "vm"), wall_time())
    after = _contents(folder)

    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"server.crt", "server.key"}


def test_what_is_about_to_lapse_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    load_or_make(str(folder), NAMES, wall_time() - timedelta(days=3640))
    before = _contents(folder)
    load_or_make(str(folder), NAMES, wall_time())
    after = _contents(folder)

    changed = {name for name in after if after[name] != before[name]}
    assert changed == {name for name in after if not name.endswith(".token")}


@pytest.mark.parametrize("name", ["ca.crt", "server.key", "admin.key", "admin.token"])
def test_what_is_broken_is_made_anew(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "pki"
    load_or_make(str(folder), NAMES, wall_time())
    (folder / name).write_text("nonsense")
    keys = load_or_make(str(folder), NAMES, wall_time())

    assert (folder / name).read_text() != "nonsense"
    context = keys.server_context()
    assert context.verify_mode is ssl.CERT_OPTIONAL
