"""What a query means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from multidict import MultiDict

from agent.api.streaming.options import LogOptions, log_options, ports, stream_options
from agent.api.streaming.refusal import Refusal

_NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


def query(text: str) -> MultiDict[str]:
    pairs = [pair.partition("=") for pair in text.split("&") if pair]
    return MultiDict((name, value) for name, _, value in pairs)


def test_nothing_asked_is_the_whole_log_of_the_only_container() -> None:
    assert log_options(query(""), "web") == LogOptions()


def test_all_options_of_a_log_are_understood() -> None:
    asked = (
        "container=main&follow=1&previous=T&timestamps=True&tailLines=+3&limitBytes=9&stream=Stdout"
    )

    assert log_options(query(asked), "web") == LogOptions(
        container="main",
        follow=True,
        previous=True,
        timestamps=True,
        tail_lines=3,
        limit_bytes=9,
        stream="stdout",
    )


def test_the_beginning_is_a_time_or_so_many_seconds_ago() -> None:
    moment = log_options(query("sinceTime=2025-06-01T10:00:00.5Z"), "web")
    seconds = log_options(query("sinceSeconds=90"), "web")

    assert moment.since(_NOW) == datetime(2025, 6, 1, 10, 0, 0, 500_000, tzinfo=UTC)
    assert seconds.since(_NOW) == _NOW - timedelta(seconds=90)
    assert LogOptions().since(_NOW) is None


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
        (
            "sinceSeconds=1&sinceTime=2025-06-01T10:00:00Z",
            "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
        (
            "stream=All&tailLines=-2&limitBytes=-3",
            "[tailLines: Invalid value: -2: must be greater than or equal to 0, "
            "limitBytes: Invalid value: -3: must be greater than 0]",
        ),
        (
            "stream=stdout",
            'stream: Unsupported value: "stdout": supported values: "All", "Stdout", "Stderr"',
        ),
    ],
)
def test_values_that_make_no_sense_are_invalid(asked: str, problem: str) -> None:
    with pytest.raises(Refusal) as refused:
        log_options(query(asked), "web")

    assert refused.value.code == 422
    assert refused.value.message == f'PodLogOptions "web" is invalid: {problem}'


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("tailLines=x", 'tailLines: strconv.ParseInt: parsing "x": invalid syntax'),
        ("tailLines=-", 'tailLines: strconv.ParseInt: parsing "-": invalid syntax'),
        (f"tailLines={'9' * 20}", None),
        ("follow=yes", 'follow: strconv.ParseBool: parsing "yes": invalid syntax'),
        ("sinceTime=noon", None),
    ],
)
def test_values_that_cannot_be_read_are_bad(asked: str, message: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        log_options(query(asked), "web")

    assert refused.value.code == 400
    assert message is None or refused.value.message == message


def test_a_command_keeps_its_order() -> None:
    options = stream_options(query("command=sh&command=-c&command=a b&stdout=true&stdin=0"))

    assert options.command == ("sh", "-c", "a b")
    assert (options.stdin, options.stdout, options.stderr) == (False, True, False)


def test_a_terminal_has_no_stderr() -> None:
    assert not stream_options(query("stdout=1&stderr=1&tty=1")).stderr


def test_ports_are_given_together_or_one_by_one() -> None:
    assert ports(["80,81", "82"]) == (80, 81, 82)


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "http", "\u0661"])
def test_other_ports_are_refused(text: str) -> None:
    with pytest.raises(Refusal):
        ports([text])
