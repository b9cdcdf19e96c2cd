"""A gRPC probe says of a server what a kubelet with grpc-go would say."""

from __future__ import annotations

from typing import Any

from agent.action import grpc
from agent.action.h2 import frames
from agent.action.h2.decompress import Decompressor
from agent.action.h2.exchange import Exchange
from agent.action.result import ActionResult, Outcome
from tests.support import h2, tables

TIMEOUT = 2.0


@tables.rows("grpc_answers")
def test_an_answer_becomes_a_result(row: dict[str, Any]) -> None:
    exchange = Exchange(Decompressor())

    exchange.receive(h2.SETTINGS + conversation(row))
    if row.get("close"):
        exchange.receive(b"")

    assert exchange.finished
    assert grpc.verdict(exchange, TIMEOUT) == ActionResult(
        Outcome(row.get("outcome", "failure")), row["output"]
    )
    assert exchange.unprocessed == row.get("unprocessed", False)


def conversation(row: dict[str, Any]) -> bytes:
    """What the server of this row sends after its SETTINGS."""
    if "reset" in row:
        return h2.rst_stream(row["reset"])
    said = b""
    if "goaway" in row:
        goaway = row["goaway"]
        said += h2.goaway(goaway["last"], goaway["code"], goaway["debug"].encode())
    if "only" in row:
        opening = () if row.get("plain") else h2.OPENING
        return said + h2.headers([*opening, *row["only"].items()], end=True)
    if "informational" in row:
        said += h2.headers([(":status", row["informational"])])
    said += h2.headers(row["headers"].items() if "headers" in row else h2.OPENING)
    return said + body(row)


def body(row: dict[str, Any]) -> bytes:
    """The messages and the end."""
    said = b""
    if "raw" in row:
        said += h2.data(bytes.fromhex(row["raw"]))
    elif "message" in row:
        payload = h2.message(bytes.fromhex(row["message"]))
        said += h2.data(payload, end=row.get("ends_with_data", False))
    if row.get("headers_again"):
        said += h2.headers([("x-again", "1")])
    if "trailers" in row:
        flags = frames.END_HEADERS | frames.END_STREAM
        said += frames.write(frames.HEADERS, flags, 1, h2.block(row["trailers"].items()))
    return said
