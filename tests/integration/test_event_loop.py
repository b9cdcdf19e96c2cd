"""The loop: asyncio is a guest in a wait that serves the agent's descriptors and moments itself."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from agent.host import event_loop
from agent.host.reactor import WRITE, Reactor
from agent.host.scheduler import Scheduler
from tests.support.watched_pipe import Pipe

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def pipes() -> AsyncIterator[Callable[[Callable[[bytes], object]], Pipe]]:
    """Makes pipes with a reactor of the running loop; closed at the end."""
    made: list[Pipe] = []
    reactors: list[Reactor] = []

    def make(heard: Callable[[bytes], object]) -> Pipe:
        reactors[:] = reactors or [Reactor()]
        made.append(Pipe(reactors[0], heard))
        return made[-1]

    yield make
    for pipe in made:
        pipe.close()
    for reactor in reactors:
        reactor.close()


Pipes = Callable[[Callable[[bytes], object]], Pipe]


class Turns:
    """Counts how often asyncio was given control while it is installed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        wait = event_loop.running().wait
        select = wait.select

        def counted(timeout: float | None = None) -> list[tuple[object, int]]:
            self.count += 1
            return select(timeout)  # type: ignore[return-value]

        monkeypatch.setattr(wait, "select", counted)


async def test_what_is_ours_costs_asyncio_no_turn(
    pipes: Pipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, heard = asyncio.Event(), list[bytes]()
    scheduler = Scheduler()

    def answer(text: bytes) -> None:
        heard.append(text)
        if len(heard) < 50:
            scheduler.call_later(0.001, pipe.say)
        else:
            over.set()

    pipe = pipes(answer)
    pipe.say()
    turns = Turns(monkeypatch)
    await over.wait()

    assert len(heard) == 50
    assert turns.count <= 3


@pytest.mark.parametrize("way", ["call_soon", "future", "call_later", "task"])
async def test_what_a_slot_asks_of_asyncio_is_done(pipes: Pipes, way: str) -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    tasks = set[asyncio.Task[None]]()

    async def tell() -> None:
        future.set_result(None)

    def answer(_: bytes) -> None:
        match way:
            case "call_soon":
                loop.call_soon(future.set_result, None)
            case "call_later":
                loop.call_later(0.001, future.set_result, None)
            case "task":
                tasks.add(loop.create_task(tell()))
            case _:
                future.set_result(None)

    pipe = pipes(answer)
    threading.Timer(0.01, pipe.say).start()  # when asyncio sleeps, without a time limit
    await future


async def test_a_moment_gives_asyncio_something_to_do() -> None:
    scheduler, over = Scheduler(), asyncio.Event()
    scheduler.call_later(0.005, over.set)

    await over.wait()


async def test_each_scheduler_of_a_loop_is_heard() -> None:
    first, second = Scheduler(), Scheduler()
    seen: list[str] = []
    over = asyncio.Event()
    first.call_later(0.004, lambda: seen.append("first"))
    second.call_later(0.002, lambda: seen.append("second"))
    first.call_later(0.006, over.set)

    await over.wait()

    assert seen == ["second", "first"]


async def test_another_thread_wakes_the_loop() -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    threading.Timer(0.01, loop.call_soon_threadsafe, (over.set,)).start()

    await over.wait()


async def test_descriptors_of_asyncio_are_asyncios(pipes: Pipes) -> None:
    """Both ways of one descriptor, beside one of ours."""
    loop, both = asyncio.get_running_loop(), asyncio.Event()
    seen: set[str] = set()
    ours: list[bytes] = []

    def note(what: str) -> None:
        seen.add(what)
        loop.remove_writer(left) if what == "write" else loop.remove_reader(left)
        if len(seen) == 2:
            both.set()

    pipe = pipes(ours.append)
    one, other = socket.socketpair()
    left = one.fileno()
    loop.add_reader(left, note, "read")
    loop.add_writer(left, note, "write")
    other.send(b"x")
    pipe.say(b"y")
    await both.wait()
    one.close()
    other.close()

    assert ours == [b"y"]


async def test_a_slot_that_is_always_ready_leaves_asyncio_its_turn() -> None:
    reactor = Reactor()
    count = 0

    class Always:
        def ready(self, events: int) -> None:
            nonlocal count
            assert events == WRITE
            count += 1

    read, write = os.pipe()
    reactor.register(write, Always(), WRITE)
    await asyncio.sleep(0.01)
    reactor.unregister(write)
    reactor.close()
    os.close(read)
    os.close(write)

    assert count > 2


async def test_asyncio_leaves_slots_their_turn(pipes: Pipes) -> None:
    """A chain of callbacks that never ends by itself is seen to the end by a slot."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def again() -> None:
        if not over.is_set():
            loop.call_soon(again)

    pipe = pipes(lambda _: over.set())
    again()
    pipe.say()

    await over.wait()


async def test_a_broken_slot_is_told_of_and_the_others_are_served(pipes: Pipes) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    told: list[str] = []
    loop.set_exception_handler(lambda _, context: told.append(str(context["exception"])))

    def fail(_: bytes) -> None:
        raise ValueError("broken")

    for heard in (fail, lambda _: over.set(), fail):
        pipes(heard).say()
    await over.wait()
    await asyncio.sleep(0)

    assert told == ["broken", "broken"]


async def test_a_closed_reactor_watches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reactor = Reactor()
    heard: list[bytes] = []
    left, gone = Pipe(reactor, heard.append), Pipe(reactor, heard.append)
    os.close(gone.read)  # against the rules, and harmless
    reactor.close()
    left.say()
    wait = event_loop.running().wait
    poll, polled = wait.poll, 0

    def counted(seconds: float, most: int) -> list[tuple[int, int]]:
        nonlocal polled
        polled += 1
        return poll(seconds, most)

    monkeypatch.setattr(wait, "poll", counted)
    await asyncio.sleep(0.005)
    for fd in (left.read, left.write, gone.write):
        os.close(fd)

    assert heard == []
    assert polled <= 3
