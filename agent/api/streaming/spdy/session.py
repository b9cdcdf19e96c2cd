"""What has become of the streams of one connection? Bytes in, bytes out, no I/O; the server's side.

Flow control: kubectl's library (spdystream) neither enforces windows nor ever enlarges one, so that
honouring its 64 KiB would stop every transfer. A peer's windows count from the moment in which it
first speaks of them (WINDOW_UPDATE, SETTINGS). Ours are enlarged as data is consumed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.headers import Deflater, Inflater

#: Streams at a time; a forwarded connection takes two.
MAX_STREAMS: Final = 1024

_WINDOW: Final = 64 * 1024
_CONNECTION: Final = 0


class Opened(NamedTuple):
    """The peer opened a stream."""

    stream: int
    headers: dict[str, str]


class Data(NamedTuple):
    """The peer sent something; `is_last`: nothing more will come."""

    stream: int
    data: bytes
    is_last: bool


class Reset(NamedTuple):
    """The peer gave a stream up."""

    stream: int


Event = Opened | Data | Reset


class _State:
    """One stream; open in either direction until that is ended."""

    __slots__ = ("consumed", "reads", "window", "writes")

    def __init__(self, window: int, *, reads: bool) -> None:
        self.window = window
        self.consumed = 0
        self.reads = reads
        self.writes = True


class Session:
    """The streams that a peer opened."""

    def __init__(self) -> None:
        self._reader = frames.Reader()
        self._inflater = Inflater()
        self._deflater = Deflater()
        self._streams: dict[int, _State] = {}
        self._last = 0
        self._pings = 0
        self._replies: list[bytes] = []
        self._events: list[Event] = []
        self._peer_counts = False
        self._peer_initial = _WINDOW
        self._window = _WINDOW
        self._consumed = 0

    def receive(self, data: bytes) -> list[Event]:
        """Take what came; raises FramingError when the connection is past saving."""
        for frame in self._reader.feed(data):
            self._frame(frame)
        events, self._events = self._events, []
        return events

    def take_replies(self) -> bytes:
        """What must be sent for what was received and consumed."""
        replies, self._replies = self._replies, []
        return b"".join(replies)

    def accept(self, stream: int) -> bytes:
        """The SYN_REPLY that the peer waits for."""
        block = self._deflater.block({})
        return frames.write_of(frames.SYN_REPLY, 0, stream, block)

    def data(self, stream: int, data: bytes, *, is_last: bool = False) -> bytes:
        """Send data, as `allowance` permits; nothing if the stream is over."""
        state = self._streams.get(stream)
        if state is None or not state.writes:
            return b""
        state.window -= len(data)
        self._window -= len(data)
        if is_last:
            state.writes = False
            self._forget(stream, state)
        return frames.write_data(stream, data, frames.FIN if is_last else 0)

    def reset(self, stream: int, reason: int = frames.CANCEL) -> bytes:
        """Give a stream up; nothing if it is over."""
        if self._streams.pop(stream, None) is None:
            return b""
        return frames.write_numbers(frames.RST_STREAM, stream, reason)

    def ping(self) -> bytes:
        """What the peer echoes, which is of no interest."""
        self._pings = (self._pings + 2) & 0x7FFF_FFFF
        return frames.write_numbers(frames.PING, self._pings)

    def go_away(self) -> bytes:
        """Say that the connection ends here for its peer's fault."""
        return frames.write_numbers(frames.GOAWAY, self._last, frames.PROTOCOL_ERROR)

    def writes(self, stream: int) -> bool:
        """Whether anything may still be sent on the stream."""
        state = self._streams.get(stream)
        return state is not None and state.writes

    def allowance(self, stream: int) -> int:
        """How many bytes may be sent on the stream now."""
        if not self._peer_counts:
            return _WINDOW
        state = self._streams.get(stream)
        return max(min(self._window, state.window if state is not None else 0), 0)

    def consumed(self, stream: int, size: int) -> None:
        """So much received data is no longer held: `take_replies` tells the peer, now and then."""
        self._consumed += size
        if self._consumed >= _WINDOW // 2:
            self._grow(_CONNECTION, self._consumed)
            self._consumed = 0
        state = self._streams.get(stream)
        if state is not None and state.reads:
            state.consumed += size
            if state.consumed >= _WINDOW // 2:
                self._grow(stream, state.consumed)
                state.consumed = 0

    def _grow(self, stream: int, size: int) -> None:
        self._replies.append(frames.write_numbers(frames.WINDOW_UPDATE, stream, size))

    def _frame(self, frame: frames.Frame) -> None:
        kind, flags, stream, payload = frame
        match kind:
            case frames.DATA:
                self._data(stream, payload, is_last=bool(flags & frames.FIN))
            case frames.SYN_STREAM:
                self._open(stream, payload[6:], is_last=bool(flags & frames.FIN))
            case frames.SYN_REPLY | frames.HEADERS:
                self._inflater.headers(payload)  # or the next block could not be read
                self._data(stream, b"", is_last=bool(flags & frames.FIN))
            case frames.RST_STREAM:
                self._give_up(stream)
            case frames.PING:
                self._ping(payload[:4])
            case frames.SETTINGS:
                self._settings(payload)
            case frames.WINDOW_UPDATE:
                self._enlarge(stream, frames.number(payload))
            case _:  # GOAWAY: it opens no more streams
                pass

    def _open(self, stream: int, block: bytes, *, is_last: bool) -> None:
        headers = self._inflater.headers(block)
        if stream % 2 == 0 or stream <= self._last:
            raise frames.FramingError("stream numbers must be odd and grow")
        self._last = stream
        if len(self._streams) >= MAX_STREAMS:
            reason = frames.REFUSED_STREAM
            self._replies.append(frames.write_numbers(frames.RST_STREAM, stream, reason))
            return
        self._streams[stream] = _State(self._peer_initial, reads=not is_last)
        self._events.append(Opened(stream, headers))
        if is_last:
            self._events.append(Data(stream, b"", is_last=True))

    def _data(self, stream: int, data: bytes, *, is_last: bool) -> None:
        state = self._streams.get(stream)
        if state is None or not state.reads:
            if stream > self._last or stream % 2 == 0:
                raise frames.FramingError("data for a stream that was never opened")
            self.consumed(stream, len(data))  # of one that is over
            return
        if is_last:
            state.reads = False
            self._forget(stream, state)
        if data or is_last:
            self._events.append(Data(stream, data, is_last))

    def _ping(self, number: bytes) -> None:
        if int.from_bytes(number, "big") % 2:  # even ones would answer ours: we send none
            self._replies.append(frames.write(frames.PING, 0, number))

    def _give_up(self, stream: int) -> None:
        if self._streams.pop(stream, None) is not None:
            self._events.append(Reset(stream))

    def _settings(self, payload: bytes) -> None:
        initial = frames.initial_window(payload)
        if initial is not None:
            self._peer_counts = True
            for state in self._streams.values():
                state.window += initial - self._peer_initial
            self._peer_initial = initial

    def _enlarge(self, stream: int, size: int) -> None:
        self._peer_counts = True
        if stream == _CONNECTION:
            self._window += size
        elif (state := self._streams.get(stream)) is not None:
            state.window += size

    def _forget(self, stream: int, state: _State) -> None:
        if not (state.reads or state.writes):
            del self._streams[stream]
