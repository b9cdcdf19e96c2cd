"""The ports of clients are those of the setting; without one, all."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.host.ephemeral_ports import EphemeralPorts


def test_a_changed_setting_is_known_when_it_is_renewed(tmp_path: Path) -> None:
    file = tmp_path / "range"
    file.write_text("32768\t60999\n")
    ports = EphemeralPorts(str(file))
    assert (ports.first, ports.last) == (32768, 60999)

    file.write_text("1024\t65535\n")
    ports.renew()

    assert (ports.first, ports.last) == (1024, 65535)


@pytest.mark.parametrize("text", [None, "", "32768", "a b"])
def test_without_an_answer_any_port_may_be_one(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "range"
    if text is not None:
        file.write_text(text)

    ports = EphemeralPorts(str(file))

    assert (ports.first, ports.last) == (0, 65535)
