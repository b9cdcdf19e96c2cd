"""`python -m bench [NAME...]`: runs the benchmarks of this folder, prints a table and JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from bench import framework
from bench.support import results

_FAILURES = (
    *(OSError, RuntimeError, LookupError, ValueError, AssertionError),
    subprocess.SubprocessError,
)
_NOT_BENCHMARKS = {"__main__", "framework", "fresh", "supervisors"}


def main() -> int:
    """Return the exit code: 2 for an unknown name, 1 if a benchmark failed, the others ran."""
    folder = Path(__file__).parent
    found = {m.name for m in pkgutil.iter_modules([str(folder)]) if not m.ispkg}
    known = sorted(found - _NOT_BENCHMARKS)
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {' '.join(known)}")
    parser.add_argument("--rounds", type=int, help="instead of each benchmark's own number")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON there")
    parser.add_argument(
        "--results", action="store_true", help="write bench/RESULTS.md and README's ratios"
    )
    options = parser.parse_args()
    lacking = results.HEADLINES - set(options.names or known)
    if options.results and lacking:
        parser.error(f"--results wants these too: {' '.join(sorted(lacking))}")
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"no such benchmark: {' '.join(unknown)} (there are: {' '.join(known)})")

    report: dict[str, Any] = {"machine": framework.machine(), "benchmarks": {}, "failed": []}
    print(json.dumps(report["machine"]), end="\n\n", file=sys.stderr)
    for name in options.names or known:
        _run(name, options.rounds, report)
    if options.results:
        results.write(report)
    text = json.dumps(report, indent=1)
    if options.json is not None:
        options.json.write_text(text + "\n")
    else:
        print(text)
    return 1 if report["failed"] else 0


def _run(name: str, rounds: int | None, report: dict[str, Any]) -> None:
    """The benchmarks of a module into the report; one that fails does not cost the others."""
    outcomes = report["benchmarks"][name] = []
    for benchmark in importlib.import_module(f"bench.{name}").benchmarks():
        try:
            outcome = framework.run(benchmark, rounds=rounds)
        except _FAILURES:
            traceback.print_exc()
            report["failed"].append(f"{name}: {benchmark.title}")
            continue
        print("\n".join(framework.table(benchmark, outcome)), end="\n\n", file=sys.stderr)
        outcomes.append(framework.as_json(benchmark, outcome))


if __name__ == "__main__":
    raise SystemExit(main())
