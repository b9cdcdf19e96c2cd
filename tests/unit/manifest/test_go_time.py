"""Times: the rows are in tests/conformance/tables/go_times.yaml."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.go_time import TimeError, parse


@given(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)))
def test_what_python_writes_is_read_back(instant: datetime) -> None:
    assert parse(instant.isoformat()) == instant


@given(st.text() | st.text("0123456789-:TZ+."))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    answer: object
    try:
        answer = parse(text).tzinfo
    except TimeError as exc:
        answer = str(exc)[:13]

    assert answer in (UTC, "parsing time ")
