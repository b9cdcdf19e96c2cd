"""Header blocks mean the same whether they are remembered or decoded."""

from __future__ import annotations

import pytest
from hpack import Encoder

from agent.action.h2 import decompress
from agent.action.h2.decompress import BadHeaders, Decompressor, HeadersTooLarge


def answered(status: str) -> tuple[bytes, bytes]:
    """Two blocks of one connection, the second of which refers to the first."""
    encoder = Encoder()
    opening = encoder.encode([(":status", "200"), ("content-type", "application/grpc")])
    closing = encoder.encode([("grpc-status", status), ("content-type", "application/grpc")])
    return opening, closing


def test_a_later_block_may_refer_to_an_earlier_one() -> None:
    decompressor = Decompressor()
    blocks = answered("5")

    assert decompressor.headers(blocks[:1]).http == b"200"
    assert decompressor.headers(blocks).code == 5
    assert decompressor.headers(blocks).content_type == b"application/grpc"


def test_what_is_remembered_is_not_decoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    decompressor = Decompressor()
    blocks = answered("0")
    first = decompressor.headers(blocks)
    monkeypatch.setattr(decompress, "_decode", None)

    assert decompressor.headers(blocks) is first


def test_the_same_last_block_after_another_first_one_is_another_thing() -> None:
    decompressor = Decompressor()
    encoder = Encoder()
    block = encoder.encode([("grpc-status", "7")])
    again = encoder.encode([("grpc-status", "7")])  # a reference now, which needs its table
    assert decompressor.headers((block, again)).code == 7

    with pytest.raises(BadHeaders):
        decompressor.headers((b"\x88", again))


def test_answers_that_always_differ_are_decoded_each_time_and_not_collected() -> None:
    decompressor = Decompressor()
    for number in range(100):
        text = Encoder().encode([("grpc-status", "2"), ("grpc-message", f"no {number}")])
        assert decompressor.headers((text,)).message == f"no {number}"

    assert len(decompressor._known) <= 8


def test_a_list_that_is_too_long_is_refused() -> None:
    with pytest.raises(HeadersTooLarge):
        Decompressor().headers((Encoder().encode([("x", "y" * 70_000)]),))
