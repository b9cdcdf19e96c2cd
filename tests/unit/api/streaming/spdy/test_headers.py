"""Compressed header blocks."""

from __future__ import annotations

import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.dictionary import DICTIONARY
from agent.api.streaming.spdy.frames import FramingError
from agent.api.streaming.spdy.headers import MAX_BLOCK, Deflater, Inflater

_names = st.text(st.sampled_from("abcdefgh-"), min_size=1)


def test_the_dictionary_is_the_one_that_all_others_use() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@given(st.lists(st.dictionaries(_names, st.text(st.characters(codec="utf-8")))))
def test_blocks_are_read_in_the_order_in_which_they_were_written(
    blocks: list[dict[str, str]],
) -> None:
    deflater, inflater = Deflater(), Inflater()

    assert [inflater.headers(deflater.block(headers)) for headers in blocks] == blocks


def test_names_are_read_in_small_letters() -> None:
    assert Inflater().headers(Deflater().block({"StreamType": "Data"})) == {"streamtype": "Data"}


def test_a_small_block_cannot_become_a_large_one() -> None:
    bomb = Deflater().block({"a": "x" * (MAX_BLOCK + 1)})
    assert len(bomb) < 1000

    with pytest.raises(FramingError, match="too large"):
        Inflater().headers(bomb)


def test_a_block_of_another_dictionary_is_refused() -> None:
    plain = frames.pairs_to_block([(b"a", b"b")])

    with pytest.raises(FramingError):
        Inflater().headers(zlib.compress(plain))


@given(st.binary(max_size=200))
def test_no_garbage_does_more_than_being_refused(data: bytes) -> None:
    with suppress(FramingError):
        assert isinstance(Inflater().headers(data), dict)
