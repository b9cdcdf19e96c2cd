"""How the agent's log looks."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from agent.daemon.logs import for_journal, open_log, set_level


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What is configured is for this test alone."""
    yield
    structlog.reset_defaults()


def test_elsewhere_than_on_a_terminal_a_line_is_json() -> None:
    stream = io.StringIO()
    open_log("info", stream, {}).info("pod is ready", pod="default/p")

    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "pod is ready", "level": "info", "pod": "default/p"}


def test_on_a_terminal_a_line_is_keys_and_values() -> None:
    stream = Terminal()
    open_log("info", stream, {"NO_COLOR": "1"}).info("pod is ready", pod="default/p")

    assert "pod is ready" in stream.getvalue()
    assert "pod=default/p" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_the_level_can_be_changed_while_it_logs() -> None:
    stream = io.StringIO()
    log = open_log("warning", stream, {})
    log.info("one")
    set_level("debug")
    log.debug("two")
    set_level("error")
    log.warning("three")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["two"]


def test_the_journal_gets_the_text_and_every_field_by_itself() -> None:
    event = {"level": "warning", "event": "container ended", "pod": "d/p", "exit-code": 3}
    (fields,), _ = for_journal(None, "warning", event)

    assert fields["MESSAGE"] == "container ended pod=d/p exit-code=3"
    assert (fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"]) == ("4", "barepod")
    assert (fields["BAREPOD_POD"], fields["BAREPOD_EXIT_CODE"]) == ("d/p", "3")
