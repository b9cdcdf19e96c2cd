"""A SPDY connection over a carrier that only pretends, on virtual time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.api.streaming import pulse
from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.connection import Connection, Stream
from tests.support.carriers import Peer, settle
from tests.support.virtual_loop import VirtualClock, VirtualLoop

_LARGE = 3 * 1024 * 1024


class Fixture(Peer):
    """A connection and its peer."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: list[Stream] = []
        self.connection = Connection(self.carrier, VirtualClock(), self.streams.append)


@pytest.mark.asyncio
async def test_what_comes_on_a_stream_is_read_to_its_end() -> None:
    one = Fixture()
    one.open(1)
    one.send(frames.write_data(1, b"hello"))
    one.send(frames.write_data(1, b" you", frames.FIN))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(one.connection.run())
        await settle()
        (stream,) = one.streams
        got = [await stream.read() for _ in range(3)]
        running.cancel()

    assert stream.headers == {"streamtype": "data"}
    assert got == [b"hello", b" you", b""]
    assert one.carrier.kinds()[0] == frames.SYN_REPLY


@pytest.mark.asyncio
async def test_a_peer_that_goes_ends_its_streams_with_an_error() -> None:
    one = Fixture()
    one.open(1)
    one.send(frames.write_data(1, b"x"))
    one.send(b"")

    await one.connection.run()

    (stream,) = one.streams
    assert await stream.read() == b"x"
    with pytest.raises(ConnectionError):
        await stream.read()
    with pytest.raises(ConnectionError):
        await stream.write(b"y")


@pytest.mark.asyncio
async def test_who_does_not_read_stops_the_peer_and_nothing_is_kept_of_what_is_ignored() -> None:
    one = Fixture()
    for number in (1, 3):
        one.open(number)
    for _ in range(4):
        one.send(frames.write_data(1, bytes(_LARGE // 4)))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(one.connection.run())
        await settle()
        waiting = one.carrier.incoming.qsize()
        one.streams[0].ignore()
        await settle()
        running.cancel()

    assert waiting > 0
    assert one.carrier.incoming.qsize() == 0


@pytest.mark.asyncio
async def test_a_writer_waits_for_the_window_and_gives_up_with_the_stream() -> None:
    one = Fixture()
    one.send(frames.write(frames.SETTINGS, 0, b"\0\0\0\1\0\0\0\7\0\0\0\5"))
    one.open(1)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(one.connection.run())
        await settle()
        writing = asyncio.create_task(one.streams[0].write(b"0123456789"))
        await settle()
        sent = one.carrier.written[-5:]
        assert not writing.done()
        one.send(frames.write_numbers(frames.RST_STREAM, 1, frames.CANCEL))
        await settle()
        with pytest.raises(ConnectionError):
            await writing
        running.cancel()

    assert sent == b"01234"


@pytest.mark.asyncio
async def test_a_peer_that_is_gone_is_noticed_by_the_pulse() -> None:
    one = Fixture()
    clock = VirtualClock()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(one.connection.run())
        await clock.sleep(pulse.SECONDS * 1.5)
        beats = one.carrier.kinds()
        one.carrier.is_broken = True
        await clock.sleep(pulse.SECONDS)
        assert running.done()

    assert beats == [frames.PING]


@pytest.mark.asyncio
@pytest.mark.parametrize("at_once", [False, True])
async def test_a_stream_that_is_given_up_after_its_end_is_known_to_be(at_once: bool) -> None:
    one = Fixture()
    one.open(1)
    sent = [
        frames.write_data(1, b"x", frames.FIN),
        frames.write_numbers(frames.RST_STREAM, 1, frames.CANCEL),
    ]
    for data in [b"".join(sent)] if at_once else sent:
        one.send(data)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(one.connection.run())
        await settle()
        (stream,) = one.streams
        await stream.given_up()
        assert [await stream.read(), await stream.read()] == [b"x", b""]
        running.cancel()


@settings(max_examples=50)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6))
def test_garbage_ends_the_connection_and_nothing_else(received: list[bytes]) -> None:
    async def serve() -> None:
        one = Fixture()
        one.open(1)
        for data in [*received, b""]:
            one.send(data)
        async with asyncio.timeout(60):
            await one.connection.run()
        with pytest.raises(ConnectionError):
            while await one.streams[0].read():
                pass
            raise ConnectionError  # it was ended in good order

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(serve())
