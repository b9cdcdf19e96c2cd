"""The streams of a SPDY connection, without a connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.streaming.spdy import frames, session
from agent.api.streaming.spdy.frames import FramingError
from agent.api.streaming.spdy.headers import Deflater
from agent.api.streaming.spdy.session import Data, Opened, Reset, Session

_SETTINGS = b"\0\0\0\1" + b"\0\0\0\7"


class Peer:
    """What a client would send."""

    def __init__(self) -> None:
        self._deflater = Deflater()

    def open(self, stream: int, *, is_last: bool = False, **headers: str) -> bytes:
        payload = bytes(6) + self._deflater.block(headers)
        return frames.write_of(frames.SYN_STREAM, frames.FIN if is_last else 0, stream, payload)


def opened(*streams: int) -> Session:
    """A session in which a peer has opened these."""
    peer, found = Peer(), Session()
    for stream in streams:
        found.receive(peer.open(stream))
    return found


def written(data: bytes) -> list[tuple[int, int, bytes]]:
    return [(one.kind, one.stream, one.payload) for one in frames.Reader().feed(data)]


def test_a_stream_is_opened_with_its_headers() -> None:
    peer, one = Peer(), Session()

    events = one.receive(peer.open(1, streamtype="data") + peer.open(3, is_last=True, a="b"))

    assert events == [
        Opened(1, {"streamtype": "data"}),
        Opened(3, {"a": "b"}),
        Data(3, b"", is_last=True),
    ]
    assert written(one.accept(1))[0][:2] == (frames.SYN_REPLY, 1)


def test_a_stream_that_both_have_ended_takes_no_more() -> None:
    one = opened(1)

    assert one.receive(frames.write_data(1, b"x", frames.FIN)) == [Data(1, b"x", is_last=True)]
    assert one.writes(1)
    assert one.data(1, b"y", is_last=True) == frames.write_data(1, b"y", frames.FIN)
    assert not one.writes(1)
    assert one.data(1, b"z") == b""
    assert one.receive(frames.write_data(1, b"late")) == []


def test_a_stream_that_was_given_up_takes_no_more() -> None:
    one = opened(1, 3)

    assert one.receive(frames.write_numbers(frames.RST_STREAM, 1, 5)) == [Reset(1)]
    assert one.receive(frames.write_numbers(frames.RST_STREAM, 1, 5)) == []
    assert one.data(1, b"x") == b""
    assert one.reset(3) == frames.write_numbers(frames.RST_STREAM, 3, frames.CANCEL)
    assert one.reset(3) == b""


def test_pings_of_the_peer_are_echoed_and_answers_to_ours_are_not() -> None:
    one = Session()

    one.receive(frames.write_numbers(frames.PING, 7) + frames.write_numbers(frames.PING, 8))

    assert one.take_replies() == frames.write_numbers(frames.PING, 7)
    assert one.take_replies() == b""
    assert one.ping() == frames.write_numbers(frames.PING, 2)


def test_too_many_streams_are_refused_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_STREAMS", 1)
    peer, one = Peer(), Session()

    events = one.receive(peer.open(1, a="x") + peer.open(3, a="y"))

    assert [event.stream for event in events] == [1]
    assert one.take_replies() == frames.write_numbers(frames.RST_STREAM, 3, frames.REFUSED_STREAM)


@pytest.mark.parametrize("streams", [(2,), (1, 1), (3, 1)])
def test_stream_numbers_are_odd_and_grow(streams: tuple[int, ...]) -> None:
    with pytest.raises(FramingError, match="odd and grow"):
        opened(*streams)


def test_data_for_a_stream_that_was_never_opened_is_no_spdy() -> None:
    with pytest.raises(FramingError, match="never opened"):
        opened(1).receive(frames.write_data(3, b"x"))


def test_windows_do_not_hold_up_a_peer_that_never_speaks_of_them() -> None:
    one = opened(1)

    for _ in range(100):
        allowed = one.allowance(1)
        assert allowed > 0
        one.data(1, bytes(allowed))


def test_windows_of_a_peer_that_speaks_of_them_are_honoured() -> None:
    one = opened(1)
    one.receive(frames.write(frames.SETTINGS, 0, _SETTINGS + (100).to_bytes(4, "big")))

    assert one.allowance(1) == 100
    one.data(1, bytes(100))
    assert one.allowance(1) == 0
    one.receive(frames.write_numbers(frames.WINDOW_UPDATE, 1, 30))
    assert one.allowance(1) == 30
    one.data(1, bytes(30))
    one.receive(frames.write_numbers(frames.WINDOW_UPDATE, 1, 1 << 20))
    assert one.allowance(1) == 65_536 - 130  # of the connection
    one.receive(frames.write_numbers(frames.WINDOW_UPDATE, 0, 1000))
    assert one.allowance(1) == 65_536 - 130 + 1000


def test_a_window_that_was_overrun_before_it_was_known_is_shut() -> None:
    one = opened(1)
    one.data(1, bytes(100_000))

    one.receive(frames.write_numbers(frames.WINDOW_UPDATE, 1, 1000))

    assert one.allowance(1) == 0


def test_our_windows_grow_with_what_is_consumed() -> None:
    one = opened(1)

    one.consumed(1, 10_000)
    assert one.take_replies() == b""
    one.consumed(1, 30_000)
    assert written(one.take_replies()) == [
        (frames.WINDOW_UPDATE, 0, (40_000).to_bytes(4, "big")),
        (frames.WINDOW_UPDATE, 1, (40_000).to_bytes(4, "big")),
    ]


def test_a_connection_that_ends_names_the_last_stream() -> None:
    assert opened(1, 5).go_away() == frames.write_numbers(frames.GOAWAY, 5, 1)


def _any_frame() -> st.SearchStrategy[bytes]:
    kinds = st.integers(0, 10)
    return st.one_of(
        st.binary(max_size=40),
        st.builds(frames.write, kinds, st.integers(0, 3), st.binary(max_size=40)),
        st.builds(frames.write_data, st.integers(0, 5), st.binary(max_size=40), st.integers(0, 1)),
        st.builds(
            lambda kind, stream, more: frames.write_of(kind, 0, stream, more),
            kinds,
            st.integers(0, 5),
            st.binary(max_size=20),
        ),
    )


@given(st.lists(_any_frame(), max_size=8))
def test_no_frames_in_any_order_do_more_than_being_refused(received: list[bytes]) -> None:
    one = opened(1, 3)
    try:
        for data in received:
            for event in one.receive(data):
                assert event.stream > 0
            one.take_replies()
            assert one.allowance(1) >= 0
    except FramingError:
        assert one.go_away()
