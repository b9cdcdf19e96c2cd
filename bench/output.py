"""How fast, how cheap and how small is the capture of container output?

Peers: `cat >>` (the least that any capture must do: no timestamps, no lines) and the
straightforward asyncio logger (`StreamReader.readline`, one timestamp and write for each line).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from agent.host import event_loop
from agent.host.cri_log import Stamps
from agent.host.output import LogCapture, LogPump
from bench.framework import (
    Benchmark,
    Candidate,
    Metric,
    Values,
    cpu_seconds,
    fresh,
    percentile,
    pss_kib,
)
from bench.support.places import memory

MB = 1_000_000
_FLOOD = """
import os, sys
block = (b"x" * (int(sys.argv[1]) - 1) + b"\\n") * (65536 // int(sys.argv[1]))
left = int(sys.argv[2])
while left > 0:
    left -= os.write(1, block)
"""
_QUIET = """
import os, sys, time
fds = [int(fd) for fd in sys.argv[1].split(",")]
seconds, rate = float(sys.argv[2]), int(sys.argv[3])
line, start, sent = b"x" * 99 + b"\\n", time.monotonic(), 0
while sent < rate * seconds:
    due = min(int((time.monotonic() - start) * rate), int(rate * seconds))
    while sent < due:
        os.write(fds[sent % len(fds)], line)
        sent += 1
    time.sleep(0.002)
"""
_QUIET_RATE = 10_000  # lines a second over all containers
_QUIET_SECONDS = 3
_CONTAINERS, _GROWTH = 200, (1000, 100, 10)


def benchmarks() -> tuple[Benchmark, ...]:
    """One stream at full speed, many quiet ones, more and more of them, memory."""
    return (*map(_stream, (100, 20, 1000)), _lateness(), _quiet(), _growth(), _memory())


def _stream(line: int) -> Benchmark:
    return Benchmark(
        f"one stream through to the log file, lines of {line} bytes",
        (
            Metric("speed", "MB/s", more_is_better=True, target="at least 200" * (line == 100)),
            Metric("cpu", "ms/MB"),
            Metric("memory growth", "MB RSS"),
        ),
        (
            Candidate("barepod", partial(fresh, pump_stream, line=line, size=256 * MB)),
            Candidate(
                "barepod, lasting",
                partial(fresh, pump_stream, line=line, size=256 * MB, lasting=True),
            ),
            Candidate(
                "asyncio readline", partial(fresh, naive_stream, line=line, size=16 * MB), True
            ),
            Candidate("cat >>", partial(fresh, cat_stream, line=line, size=256 * MB), True),
        ),
    )


def _lateness() -> Benchmark:
    return Benchmark(
        "lateness of a 10 ms timer in the event loop while one stream floods",
        (Metric("p50", "ms"), Metric("p99", "ms", target="at most 5")),
        (
            Candidate("barepod", partial(fresh, pump_lateness, size=512 * MB)),
            Candidate("asyncio readline", partial(fresh, naive_lateness, size=48 * MB), True),
        ),
    )


def _quiet() -> Benchmark:
    return Benchmark(
        f"{_CONTAINERS} containers, {_QUIET_RATE} lines/s altogether, a write for each line",
        (
            Metric("cpu", "us/line", target="aim 5"),
            Metric("load", "% of a core", target="at most 6"),
        ),
        (
            Candidate("barepod", partial(fresh, pump_quiet)),
            Candidate("barepod, lasting", partial(fresh, pump_quiet, lasting=True)),
            Candidate("asyncio readline", partial(fresh, naive_quiet), True),
        ),
        rounds=3,
    )


def _growth() -> Benchmark:
    return Benchmark(
        f"so many containers, {_QUIET_RATE} lines/s altogether",
        (Metric("cpu", "us/line", target="no more for more"),),
        tuple(
            Candidate(f"{n} containers", partial(fresh, pump_quiet, lasting=True, count=n))
            for n in _GROWTH
        ),
        rounds=2,
    )


def _memory() -> Benchmark:
    return Benchmark(
        f"memory of the capture of {_CONTAINERS} containers, over an empty event loop",
        (
            Metric("first container", "KiB PSS"),
            Metric("each further container", "KiB PSS"),
            Metric("with half a line", "KiB PSS each"),
        ),
        (
            Candidate("barepod", partial(fresh, pump_memory)),
            Candidate("asyncio readline", partial(fresh, naive_memory), True),
        ),
        rounds=3,
    )


def pump_stream(line: int, size: int, *, lasting: bool = False) -> Values:
    """The product: both pipes, rotation at 10 MiB with 5 files; `lasting` as `barepod agent`."""

    async def work() -> Values:
        async with _pump() as (pump, folder):
            return await _timed(_flood_pump(pump, folder, line, size, lasting=lasting), size)

    return event_loop.run(work())


def naive_stream(line: int, size: int) -> Values:
    """What one writes first."""

    async def work() -> Values:
        with tempfile.TemporaryDirectory(dir=_disk()) as folder:
            return await _timed(_flood_naive(Path(folder), line, size), size)

    return asyncio.run(work())


def cat_stream(line: int, size: int) -> Values:
    """A flood into `cat >> file`; the CPU is cat's."""
    with tempfile.TemporaryDirectory(dir=_disk()) as folder, open(f"{folder}/log", "ab") as log:
        read, write = os.pipe()
        started = time.perf_counter()
        flood = subprocess.Popen(_flood(line, size), stdout=write)
        os.close(write)
        cat = subprocess.Popen(["cat"], stdin=read, stdout=log)
        os.close(read)
        _, _, usage = os.wait4(cat.pid, 0)
        seconds = time.perf_counter() - started
        cat.returncode = 0
        flood.wait()
    cpu = usage.ru_utime + usage.ru_stime
    return {
        "speed": size / MB / seconds,
        "cpu": cpu * 1000 / (size / MB),
    }


def pump_lateness(size: int) -> Values:
    """Does the loop keep its time while the log thread works?"""

    async def work() -> Values:
        async with _pump() as (pump, folder):
            return await _late(_flood_pump(pump, folder, 100, size))

    return event_loop.run(work())


def naive_lateness(size: int) -> Values:
    """The same with the logger in the loop."""

    async def work() -> Values:
        with tempfile.TemporaryDirectory(dir=_disk()) as folder:
            return await _late(_flood_naive(Path(folder), 100, size))

    return asyncio.run(work())


def pump_quiet(*, lasting: bool = False, count: int = _CONTAINERS) -> Values:
    """Every line is its own read and write."""

    async def work() -> Values:
        async with _pump() as (pump, folder):
            captures = [_capture(pump, folder / str(n), lasting=lasting) for n in range(count)]
            child = await _quiet_child([capture.stdout_fd for capture in captures])
            for capture in captures:
                capture.started()
            before = cpu_seconds()
            for capture in captures:
                await capture.drained()
            await child.wait()
            return _quiet_values(cpu_seconds() - before)

    return event_loop.run(work())


def naive_quiet() -> Values:
    """A task for each container."""

    async def work() -> Values:
        with tempfile.TemporaryDirectory(dir=_disk()) as folder:
            pipes = [os.pipe() for _ in range(_CONTAINERS)]
            child = await _quiet_child([write for _, write in pipes])
            for _, write in pipes:
                os.close(write)
            before = cpu_seconds()
            await asyncio.gather(
                *(_readline(read, Path(folder) / str(n)) for n, (read, _) in enumerate(pipes))
            )
            await child.wait()
            return _quiet_values(cpu_seconds() - before)

    return asyncio.run(work())


def pump_memory() -> Values:
    """With nothing to do, and after each container has left 60 kB without a newline."""

    async def work() -> Values:
        empty = pss_kib()
        async with _pump() as (pump, folder):
            captures = []
            sizes = []
            for n in range(_CONTAINERS):
                captures.append(pump.open(folder / str(n), 0, max_size=10 * 2**20, max_files=5))
                if n in (0, _CONTAINERS - 1):
                    await pump.call(lambda: None)
                    sizes.append(pss_kib())
            for capture in captures:
                os.write(capture.stdout_fd, b"x" * 60_000)
            await pump.call(lambda: None)
            return _memory_values(empty, sizes[0], sizes[1], pss_kib())

    return event_loop.run(work())


def naive_memory() -> Values:
    """The same with streams and tasks."""

    async def work() -> Values:
        empty = pss_kib()
        with tempfile.TemporaryDirectory(dir=_disk()) as folder:
            ends, tasks, sizes = [], [], []
            for n in range(_CONTAINERS):
                for _ in range(2):
                    read, write = os.pipe()
                    ends.append(write)
                    tasks.append(asyncio.create_task(_readline(read, Path(folder) / str(n))))
                if n in (0, _CONTAINERS - 1):
                    await asyncio.sleep(0.05)
                    sizes.append(pss_kib())
            for write in ends[::2]:
                os.write(write, b"x" * 60_000)
            await asyncio.sleep(0.2)
            full = pss_kib()
            for write in ends:
                os.close(write)
            await asyncio.gather(*tasks)
            return _memory_values(empty, sizes[0], sizes[1], full)

    return asyncio.run(work())


def _capture(pump: LogPump, folder: Path, *, lasting: bool) -> LogCapture:
    output = f"{folder}.output" if lasting else None
    return pump.open(folder, 0, max_size=10 * 2**20, max_files=5, lasting=output)


async def _flood_pump(
    pump: LogPump, folder: Path, line: int, size: int, *, lasting: bool = False
) -> None:
    capture = _capture(pump, folder / "flood", lasting=lasting)
    child = await asyncio.create_subprocess_exec(
        *_flood(line, size), stdout=capture.stdout_fd, stderr=capture.stderr_fd
    )
    capture.started()
    await capture.drained()
    await child.wait()


async def _flood_naive(folder: Path, line: int, size: int) -> None:
    read, write = os.pipe()
    child = await asyncio.create_subprocess_exec(*_flood(line, size), stdout=write)
    os.close(write)
    await _readline(read, folder / "flood")
    await child.wait()


async def _readline(read: int, path: Path) -> None:
    reader = asyncio.StreamReader(limit=2**20)
    with open(read, "rb", buffering=0) as pipe, open(path, "ab", buffering=0) as log:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        stamps = Stamps()
        while line := await reader.readline():
            log.write(b"%b stdout F %b" % (stamps.format(time.time_ns()), line))
        transport.close()


async def _timed(flood: Coroutine[None, None, None], size: int) -> Values:
    memory, cpu, started = _peak_rss_mb(), cpu_seconds(), time.perf_counter()
    await flood
    return {
        "speed": size / MB / (time.perf_counter() - started),
        "cpu": (cpu_seconds() - cpu) * 1000 / (size / MB),
        "memory growth": _peak_rss_mb() - memory,
    }


async def _late(flood: Coroutine[None, None, None]) -> Values:
    late: list[float] = []
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(flood)
    while not task.done():
        due = loop.time() + 0.01
        await asyncio.sleep(0.01)
        late.append((loop.time() - due) * 1000)
    await task
    return {"p50": percentile(late, 50), "p99": percentile(late, 99)}


async def _quiet_child(fds: list[int]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", _QUIET,
        ",".join(map(str, fds)), str(_QUIET_SECONDS), str(_QUIET_RATE), pass_fds=fds,
    )  # fmt: skip


@asynccontextmanager
async def _pump() -> AsyncIterator[tuple[LogPump, Path]]:
    folder = Path(tempfile.mkdtemp(dir=_disk()))
    pump = LogPump(asyncio.get_running_loop(), lambda path, exc: print(path, exc, file=sys.stderr))
    try:
        yield pump, folder
    finally:
        await pump.close()
        shutil.rmtree(folder)


def _flood(line: int, size: int) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", _FLOOD, str(line), str(size))


def _disk() -> str | None:
    """Memory if there is any: the disk is not what is measured. `BENCH_DISK` chooses another."""
    return os.environ.get("BENCH_DISK") or (str(place) if (place := memory()) else None)


def _peak_rss_mb() -> float:
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak) / 1024


def _quiet_values(cpu: float) -> Values:
    lines = _QUIET_RATE * _QUIET_SECONDS
    return {"cpu": cpu * 1e6 / lines, "load": cpu * 100 / _QUIET_SECONDS}


def _memory_values(empty: float, first: float, last: float, full: float) -> Values:
    return {
        "first container": first - empty,
        "each further container": (last - first) / (_CONTAINERS - 1),
        "with half a line": (full - first) / (_CONTAINERS - 1),
    }
