"""Who holds a port, as far as the kernel lets us see."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent.host.port_holder import port_holder
from tests.support import barepod

pytestmark = pytest.mark.integration


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),
        ("::1", "::1"),
        ("::", "127.0.0.1"),
    ],
)
def test_a_holder_has_a_name_and_a_pid(held: str, asked: str) -> None:
    family = socket.AF_INET6 if ":" in held else socket.AF_INET
    with socket.create_server((held, 0), family=family) as sock:
        holder = port_holder(asked, sock.getsockname()[1])

    assert holder == f"{comm(os.getpid())} (pid {os.getpid()})"


def test_another_address_is_not_held() -> None:
    with socket.create_server(("127.0.0.2", 0)) as sock:
        assert port_holder("127.0.0.1", sock.getsockname()[1]) == ""


def test_a_free_port_has_no_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]

    assert port_holder("127.0.0.1", port) == ""
    assert port_holder("no address", port) == ""


def test_a_port_that_is_only_connected_to_is_not_held() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        with socket.create_connection(sock.getsockname()) as client:
            assert port_holder("127.0.0.1", client.getsockname()[1]) == ""


def test_an_ordinary_user_sees_whose_it_is_at_least(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    folder = tmp_path_factory.mktemp("nobody")
    code = "import sys\nfrom agent.host.port_holder import port_holder\n"
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        done = subprocess.run(
            [
                *barepod.become_nobody(folder),
                *(sys.executable, "-c", f"{code}print(port_holder('127.0.0.1', {port}))"),
            ],
            cwd=barepod.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        pytest.skip("cannot become nobody here")

    assert done.stdout.strip() == "a process of user 0"
