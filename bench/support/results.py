"""Write what was measured where people read it: bench/RESULTS.md, five ratios in README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- bench: make bench RESULTS=1 -->", "<!-- /bench -->"
Json = dict[str, Any]

#: What README shows: benchmark, metric, the peers it may be compared with, and in words.
_HEADLINES = (
    ("http", "workers", ("Go, as the kubelet",), "CPU of an httpGet probe"),
    ("tcp", "workers", ("Go, as the kubelet",), "CPU of a tcpSocket probe"),
    ("exec", "workers", ("Go, as the kubelet",), "agent's CPU for an exec probe"),
    (
        "mixed",
        "CPU",
        ("Go, as the kubelet",),
        "CPU of the whole agent at 1,000 httpGet and 100 exec probes/s",
    ),
    ("restart", "restart", ("s6", "runit", "dinit"), "time from SIGKILL to the next process"),
)

#: The benchmarks without which there is nothing to show.
HEADLINES = frozenset(name for name, *_ in _HEADLINES)


def write(report: Json) -> None:
    """Write both files anew."""
    (ROOT / "bench" / "RESULTS.md").write_text("\n".join(_document(report)) + "\n")
    readme = ROOT / "README.md"
    readme.write_text(filled(readme.read_text(), "\n".join(_headlines(report["benchmarks"]))))


def filled(text: str, inside: str) -> str:
    """`text` with this between its markers (ValueError: it has none)."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no {BEGIN} ... {END} in there")
    return f"{before}{begin}\n{inside}\n{end}{after}"


def _document(report: Json) -> Iterator[str]:
    machine = dict(report["machine"])
    versions = machine.pop("packages")
    yield "# Results"
    yield ""
    yield f"Written by `make bench RESULTS=1` on {datetime.now(UTC):%Y-%m-%d}; do not edit."
    yield "Medians, quartiles in brackets; candidates take turns within each round."
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in machine.items())
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in versions.items())
    for failed in report["failed"]:
        yield ""
        yield f"Failed: {failed}."
    for name, benchmarks in report["benchmarks"].items():
        yield ""
        yield f"## {name}"
        for benchmark in benchmarks:
            yield from _table(benchmark)


def _table(benchmark: Json) -> Iterator[str]:
    metrics = benchmark["metrics"]
    yield ""
    yield f"**{benchmark['title']}**"
    yield ""
    yield "| | " + " | ".join(f"{name}, {one['unit']}" for name, one in metrics.items()) + " |"
    yield "|---" * (len(metrics) + 1) + "|"
    candidates = dict.fromkeys(name for one in metrics.values() for name in one["values"])
    for candidate in candidates:
        cells = (_cell(one, candidate) for one in metrics.values())
        yield f"| {candidate} | " + " | ".join(cells) + " |"
    if any(one["target"] for one in metrics.values()):
        yield "| *target* | " + " | ".join(one["target"] for one in metrics.values()) + " |"
    if benchmark["left_out"]:
        yield ""
        yield f"Left out, not on this machine: {', '.join(benchmark['left_out'])}."


def _cell(metric: Json, candidate: str) -> str:
    found = metric["values"].get(candidate)
    if found is None:
        return ""
    text = f"{found['median']:.4g} [{found['p25']:.4g}-{found['p75']:.4g}]"
    ratio = metric["ratio_to"].get(candidate)
    return text if ratio is None else f"{text}, ours {ratio:.2f}x"


def _headlines(benchmarks: dict[str, list[Json]]) -> Iterator[str]:
    yield "| | barepod | peer | ratio |"
    yield "|---|---|---|---|"
    for name, metric, peers, words in _HEADLINES:
        if not benchmarks[name]:
            yield f"| {words} | failed | | |"
            continue
        found = benchmarks[name][0]["metrics"][metric]
        peer = next((one for one in peers if one in found["ratio_to"]), None)
        if peer is None:
            yield f"| {words} | | {' or '.join(peers)}: not on this machine | |"
            continue
        ours, theirs = (found["values"][one]["median"] for one in (_ours(found), peer))
        unit = found["unit"].partition(",")[0]
        cells = (f"{ours:.3g} {unit}", f"{theirs:.3g} {unit} ({peer})")
        yield f"| {words} | {' | '.join(cells)} | **{found['ratio_to'][peer]:.2f}** |"


def _ours(metric: Json) -> str:
    """The candidate that was compared with the others: the first one."""
    return str(next(iter(metric["values"])))
