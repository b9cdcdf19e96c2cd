"""Stop signals as images and manifests write them."""

from __future__ import annotations

import signal

import pytest

from agent.host.process import Command, parse_signal


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SIGQUIT", signal.SIGQUIT),
        ("QUIT", signal.SIGQUIT),
        ("sigquit", signal.SIGQUIT),
        ("3", 3),
        ("9", 9),
        ("64", 64),
        ("SIGRTMIN", signal.SIGRTMIN),
        ("SIGRTMIN+3", signal.SIGRTMIN + 3),
        ("RTMAX-1", signal.SIGRTMAX - 1),
        ("SIGWINCH", signal.SIGWINCH),
    ],
)
def test_a_signal_is_known_by_name_and_number(text: str, number: int) -> None:
    assert parse_signal(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "65",
        "-1",
        "SIGFOO",
        "SIG",
        "TERM+1",
        "RTMIN+99",
        "RTMAX+1",
        "RTMIN+",
        "\N{FULLWIDTH DIGIT ONE}",
    ],
)
def test_anything_else_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="unknown signal") as caught:
        parse_signal(text)

    assert f'"{text}"' in str(caught.value)


def test_a_command_names_a_program() -> None:
    with pytest.raises(ValueError, match="at least the program's name"):
        Command(argv=(), env={})
