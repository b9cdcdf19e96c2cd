"""Names are looked up off the loop, once for all who ask at the same time."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from agent.action.resolve import Address, Answer, LookupFailure, Resolver, ask_system, literal

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

ONE = (Address(socket.AF_INET, "127.0.0.1"),)


class Asked:
    """A name server that answers when it is told to."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.names: list[str] = []
        self.may_answer = threading.Event()

    def __call__(self, name: str) -> Answer:
        self.names.append(name)
        self.may_answer.wait(10)
        return self.answer


async def answers(resolver: Resolver, name: str, count: int = 1) -> list[Answer]:
    """The answers of so many questions asked at the same time."""
    futures = [asyncio.get_running_loop().create_future() for _ in range(count)]
    for future in futures:
        resolver.lookup(name, future.set_result)
    return [await future for future in futures]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", Address(socket.AF_INET, "127.0.0.1")),
        ("::1", Address(socket.AF_INET6, "::1")),
        ("", Address(socket.AF_INET, "127.0.0.1")),
        ("localhost", None),
        ("127.1", None),
        ("1.2.3.4.5", None),
        ("::g", None),
    ],
)
async def test_addresses_need_no_lookup(host: str, address: Address | None) -> None:
    assert literal(host) == address


async def test_a_zone_leads_to_its_interface() -> None:
    loopback = socket.if_nametoindex("lo")

    address = literal("fe80::1%lo")

    assert address is not None
    assert address.at(80) == ("fe80::1", 80, 0, loopback)


async def test_this_machine_is_found() -> None:
    answer = ask_system("localhost")

    assert not isinstance(answer, LookupFailure)
    assert ONE[0] in answer


@pytest.mark.parametrize("name", ["127.1", "no-such-host.invalid", "a" * 70, "a..b"])
async def test_what_is_no_host_is_told(name: str) -> None:
    answer = ask_system(name)

    assert isinstance(answer, LookupFailure)
    assert answer.text.startswith(f"lookup {name}: ")


async def test_one_question_serves_all_who_ask_meanwhile() -> None:
    server = Asked(ONE)
    server.may_answer.set()
    resolver = Resolver(ask=server)

    assert await answers(resolver, "web", 5) == [ONE] * 5

    assert server.names == ["web"]
    assert resolver.known("web") == ONE


async def test_failures_are_not_kept() -> None:
    server = Asked(LookupFailure("lookup web: no such host"))
    server.may_answer.set()
    resolver = Resolver(ask=server)

    await answers(resolver, "web")
    await answers(resolver, "web")

    assert resolver.known("web") is None
    assert server.names == ["web", "web"]


async def test_a_slow_name_server_holds_nobody_else_up() -> None:
    slow, quick = Asked(ONE), Asked(ONE)
    quick.may_answer.set()
    resolver = Resolver(ask=lambda name: slow(name) if name == "slow" else quick(name))
    late = asyncio.get_running_loop().create_future()
    resolver.lookup("slow", late.set_result)

    assert await answers(resolver, "quick") == [ONE]

    assert not late.done()
    slow.may_answer.set()
    assert await late == ONE


async def test_who_cancels_hears_nothing() -> None:
    server = Asked(ONE)
    resolver = Resolver(ask=server)
    heard: list[Answer] = []

    resolver.lookup("web", heard.append).cancel()
    patient = asyncio.get_running_loop().create_future()
    resolver.lookup("web", patient.set_result)
    server.may_answer.set()
    await patient

    assert heard == []
