"""Replay what real Kubernetes code answered: `python -m tests.golden FOLDER [FILE ...]`.

Every FOLDER/NAME.jsonl has a module `replay_NAME` here (dashes become underscores) with

    def replay(case: dict[str, Any]) -> str | None

which returns None when barepod agrees with the case, else one line that says how it differs.
Where cases must wait, a module may have `replay_all(cases)` too: the answers to all, in order.
Cases that must differ stand in `exceptions.toml`, by file and id, each with its reason; a case that
is listed there and agrees after all is reported, so that the list never grows stale.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli

Case = dict[str, Any]
HERE = Path(__file__).parent
#: Read by other replays, not replayed.
NOT_BUILT_YET = "not built yet"


@dataclass
class Tally:
    """How one file went."""

    agreed: int = 0
    excepted: int = 0
    stale: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.agreed + self.excepted + len(self.differs)


def replay_file(path: Path, exceptions: dict[str, str]) -> Tally | None:
    """Replay one file; None when no module concerns it yet."""
    name = f"tests.golden.replay_{path.stem.replace('-', '_')}"
    if importlib.util.find_spec(name) is None:
        return None
    module = importlib.import_module(name)
    prepare: Callable[[Path], None] | None = getattr(module, "prepare", None)
    if prepare is not None:
        prepare(path.parent)
    tally = Tally()
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    replay_all: Callable[[list[Case]], list[str | None]] | None
    replay_all = getattr(module, "replay_all", None)
    if replay_all is None:
        differences = [ask(module.replay, case) for case in cases]
    else:
        differences = replay_all(cases)
    for case, difference in zip(cases, differences, strict=True):
        judge(case, difference, exceptions, tally)
    return tally


def ask(replay: Callable[[Case], str | None], case: Case) -> str | None:
    """Replay one case; a crash is a disagreement like any other."""
    try:
        return replay(case)
    except Exception as exc:  # noqa: BLE001 - see above
        return f"{type(exc).__name__}: {exc}"


def judge(case: Case, difference: str | None, exceptions: dict[str, str], tally: Tally) -> None:
    """Count one case."""
    listed = case["id"] in exceptions
    if difference is None:
        tally.agreed += 1
        if listed:
            tally.stale.append(case["id"])
    elif listed:
        tally.excepted += 1
    else:
        tally.differs.append(f"{case['id']}: {difference}")


def main(arguments: list[str]) -> int:
    """Print the counts per file; 1 when a case differs without a reason."""
    parser = argparse.ArgumentParser(prog="tests.golden", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", nargs="*", help="file names without .jsonl")
    parser.add_argument("--show", type=int, default=20, help="differences shown per file")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"golden data: {options.folder} is not a folder; give one with GOLDEN=FOLDER")
        return 2
    listed = tomli.loads((HERE / "exceptions.toml").read_text(encoding="utf-8"))
    failed = total = 0
    print(f"{'file':28} {'cases':>6} {'agree':>6} {'excepted':>9} {'differ':>7}")
    for path in sorted(options.folder.glob("*.jsonl")):
        if options.files and path.stem not in options.files:
            continue
        tally = replay_file(path, listed.get(path.stem, {}))
        if tally is None:
            print(f"{path.stem:28} {NOT_BUILT_YET}")
            continue
        failed += len(tally.differs)
        total += tally.total
        print(
            f"{path.stem:28} {tally.total:6} {tally.agreed:6} {tally.excepted:9}"
            f" {len(tally.differs):7}"
        )
        for line in tally.differs[: options.show]:
            print(f"    {line}")
        if tally.stale:
            print(f"    listed as exceptions, but agree: {' '.join(tally.stale)}")
    print(f"golden: {total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
