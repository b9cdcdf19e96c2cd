"""What was measured gets into README and RESULTS.md by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.framework import Benchmark, Candidate, Metric, Spread, as_json
from bench.support import results

_MARKED = f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n"
_GO = "Go, as the kubelet"


def _measured(metric: str, unit: str, **medians: float) -> list[dict[str, Any]]:
    """One benchmark of ours and of peers, as it is reported."""
    names = {"ours": "barepod", "go": _GO, "s6": "s6"}
    benchmark = Benchmark(
        "a title",
        (Metric(metric, unit, target="at most 0.8x"),),
        tuple(Candidate(names[name], lambda: None, is_peer=name != "ours") for name in names),
    )
    outcome = {names[n]: {metric: Spread(value, value, value)} for n, value in medians.items()}
    return [as_json(benchmark, outcome)]


def _report(**restart: float) -> dict[str, Any]:
    probes = _measured("workers", "us CPU, 1000/s", ours=50, go=100)
    return {
        "machine": {"python": "3.11.7", "packages": {"msgspec": "0.22.0"}},
        "benchmarks": {
            **dict.fromkeys(("http", "tcp", "exec"), probes),
            "mixed": _measured("CPU", "% of a core", ours=20, go=40),
            "restart": _measured("restart", "ms", **restart) if restart else [],
        },
        "failed": [] if restart else ["restart: a title"],
    }


def _written(monkeypatch: pytest.MonkeyPatch, folder: Path, report: dict[str, Any]) -> Path:
    (folder / "bench").mkdir()
    (folder / "README.md").write_text(_MARKED)
    monkeypatch.setattr(results, "ROOT", folder)
    results.write(report)
    return folder


def test_readme_gets_five_ratios_between_its_markers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = _written(monkeypatch, tmp_path, _report(ours=2, s6=4))

    text = (folder / "README.md").read_text()

    assert text.startswith(f"before\n{results.BEGIN}\n| | barepod |")
    assert text.endswith(f"{results.END}\nafter\n")
    assert text.count("**0.50**") == 5
    assert "| time from SIGKILL to the next process | 2 ms | 4 ms (s6) | **0.50** |" in text


def test_a_peer_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = _written(monkeypatch, tmp_path, _report(ours=2))

    assert "s6 or runit or dinit: not on this machine" in (folder / "README.md").read_text()
    document = (folder / "bench" / "RESULTS.md").read_text()
    assert "Left out, not on this machine: Go, as the kubelet, s6." in document


def test_results_say_what_was_measured_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = _written(monkeypatch, tmp_path, _report(ours=2, s6=4))

    document = (folder / "bench" / "RESULTS.md").read_text()

    assert "python 3.11.7" in document
    assert "msgspec 0.22.0" in document
    assert f"| {_GO} | 100 [100-100], ours 0.50x |" in document
    assert "| *target* | at most 0.8x |" in document


def test_a_text_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no <!-- bench"):
        results.filled("nothing here", "x")


def test_the_readme_has_the_markers() -> None:
    assert results.filled((results.ROOT / "README.md").read_text(), "x")


def test_what_failed_is_told_and_costs_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = _written(monkeypatch, tmp_path, _report())

    assert "Failed: restart: a title." in (folder / "bench" / "RESULTS.md").read_text()
    readme = (folder / "README.md").read_text()
    assert readme.count("**0.50**") == 4
    assert "| time from SIGKILL to the next process | failed | | |" in readme
