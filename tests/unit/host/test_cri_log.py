"""Raw bytes become CRI records and come back as the same bytes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.host import cri_log
from agent.host.cri_log import LINE_LIMIT, Record, Splitter, Stamps

STAMP = b"2025-06-01T12:00:00.123456789Z"

lines = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda length, end: b"x" * length + end,
        st.sampled_from([LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, 2 * LINE_LIMIT, 50_000]),
        st.sampled_from([b"", b"\n", b"\r\n", b"\n\n"]),
    ),
    st.just(b"\n"),
)
contents = st.lists(lines, max_size=12).map(b"".join)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The non-empty reads that `data` arrives in."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


def through(reads: list[bytes], stream: str = "stdout") -> list[Record]:
    """What a splitter makes of the reads, parsed again."""
    splitter = Splitter(stream)
    text = b"".join(splitter.feed(read, STAMP) for read in reads) + splitter.finish(STAMP)
    assert text == b"" or text.endswith(b"\n")
    records = [cri_log.parse(line) for line in text.split(b"\n")[:-1]]
    return [record for record in records if record is not None]


def expected(data: bytes) -> list[tuple[bytes, bytes]]:
    """Tag and text of each record, told from the whole content at once."""
    *complete, rest = data.split(b"\n")
    result: list[tuple[bytes, bytes]] = []
    for line in complete:
        while len(line) > LINE_LIMIT:
            result.append((b"P", line[:LINE_LIMIT]))
            line = line[LINE_LIMIT:]
        result.append((b"F", line))
    result += [(b"P", rest[i : i + LINE_LIMIT]) for i in range(0, len(rest), LINE_LIMIT)]
    return result


@settings(deadline=None)
@given(contents, st.lists(st.integers(0, 2**20), max_size=20))
def test_any_reads_of_any_bytes_give_the_same_records(data: bytes, places: list[int]) -> None:
    records = through(cut(data, places))

    assert [(record.tag, record.text) for record in records] == expected(data)
    assert b"".join(record.content for record in records) == data
    assert {record[:2] for record in records} <= {(STAMP, b"stdout")}


@given(st.binary(max_size=300).map(lambda data: data.replace(b"\x00", b"\n")))
def test_bytes_that_arrive_one_by_one_are_not_lost(data: bytes) -> None:
    reads = [data[i : i + 1] for i in range(len(data))]

    assert [(r.tag, r.text) for r in through(reads)] == expected(data)


@pytest.mark.parametrize(
    ("length", "tags"),
    [
        (0, [b"F"]),
        (LINE_LIMIT, [b"F"]),
        (LINE_LIMIT + 1, [b"P", b"F"]),
        (2 * LINE_LIMIT, [b"P", b"F"]),
        (2 * LINE_LIMIT + 1, [b"P", b"P", b"F"]),
    ],
)
def test_a_line_is_cut_at_every_16_kib(length: int, tags: list[bytes]) -> None:
    line = b"y" * length + b"\n"

    assert [record.tag for record in through([line])] == tags
    assert [record.tag for record in through([b"short\n" + line + b"short\n"])] == [
        b"F",
        *tags,
        b"F",
    ]


def test_a_beginning_without_its_newline_waits() -> None:
    splitter = Splitter("stderr")

    assert splitter.feed(b"password: ", STAMP) == b""
    assert splitter.feed(b"ok\nnext", STAMP) == STAMP + b" stderr F password: ok\n"
    assert splitter.finish(STAMP) == STAMP + b" stderr P next\n"
    assert splitter.finish(STAMP) == b""


def test_an_endless_line_is_written_as_it_comes() -> None:
    splitter = Splitter("stdout")
    written = sum(splitter.feed(b"z" * 1000, STAMP).count(b"\n") for _ in range(1000))

    assert written == 1_000_000 // LINE_LIMIT


def test_timestamps_have_nanoseconds_and_utc() -> None:
    stamps = Stamps()

    assert stamps.format(1_748_779_200_123_456_789) == STAMP
    assert stamps.format(1_748_779_200_000_000_001) == b"2025-06-01T12:00:00.000000001Z"
    assert stamps.format(1_748_779_201_000_000_000) == b"2025-06-01T12:00:01.000000000Z"


@given(st.integers(0, 4 * 10**18), st.integers(0, 4 * 10**18))
def test_timestamps_sort_as_text(one: int, other: int) -> None:
    stamps = Stamps()

    assert (stamps.format(one) < stamps.format(other)) == (one < other)


def test_a_moment_is_comparable_with_the_stamps_of_records() -> None:
    east = timezone(timedelta(hours=2))

    assert (
        cri_log.stamp_of(datetime(2025, 6, 1, 14, 0, 0, 123456, tzinfo=east))
        == b"2025-06-01T12:00:00.123456000Z"
    )
    assert cri_log.stamp_of(datetime(2025, 6, 1, tzinfo=UTC)) == b"2025-06-01T00:00:00.000000000Z"


@pytest.mark.parametrize("line", [b"", b"hello", b"2025 stdin F x", b"2025 stdout F"])
def test_what_is_not_a_record_is_refused(line: bytes) -> None:
    assert cri_log.parse(line) is None


def test_an_empty_line_is_a_record() -> None:
    record = cri_log.parse(STAMP + b" stdout F ")

    assert record == Record(STAMP, b"stdout", b"F", b"")
    assert record.content == b"\n"


def test_a_gap_is_a_record_that_counts_what_is_missing() -> None:
    text = cri_log.gap(STAMP, "stderr", lines=1, size=70, why="No space left on device")

    assert text == STAMP + (
        b" stderr F [barepod: 1 line (70 bytes) of stderr lost here: No space left on device]\n"
    )


@given(data=contents, places=st.lists(st.integers(0, 60_000)))
def test_records_and_what_is_held_account_for_each_byte(data: bytes, places: list[int]) -> None:
    splitter = Splitter("stderr")
    logged = 0
    for read in cut(data, places):
        logged += cri_log.input_size(splitter.feed(read, STAMP))
    assert logged + len(splitter.held) == len(data)

    assert logged + cri_log.input_size(splitter.finish(STAMP)) == len(data)
    assert not splitter.held
