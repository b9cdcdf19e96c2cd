"""Files of live runs: what is whole is read, what is not is passed over."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.pod import run_files
from agent.pod.run_files import RunFile
from agent.store.records import ContainerRecord
from tests.support.builders import pod
from tests.support.records import container_record, pod_record


def record(folder: Path, attempt: int = 0) -> ContainerRecord:
    found = container_record("u", "c", attempt)
    assert found.trace is not None
    trace = msgspec.structs.replace(found.trace, output=str(folder / f"c.{attempt}.output"))
    return msgspec.structs.replace(found, trace=trace)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    for attempt in (0, 1):
        run_files.write(RunFile(pod_record("u"), record(tmp_path, attempt)))

    found = run_files.read_all(str(tmp_path))

    assert [one.container for one in found] == [record(tmp_path, 0), record(tmp_path, 1)]
    assert found[0].pod == pod_record("u")


def test_garbage_is_passed_over(tmp_path: Path) -> None:
    run_files.write(RunFile(pod_record("u"), record(tmp_path)))
    (tmp_path / "x.0.output.json").write_bytes(b"{")
    (tmp_path / "y.0.output.json").mkdir()

    assert len(run_files.read_all(str(tmp_path))) == 1


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert run_files.read_all(str(tmp_path / "none")) == []
    run_files.write(RunFile(pod_record("u"), record(tmp_path / "none")))


def test_a_run_that_does_not_live_or_last_has_no_file(tmp_path: Path) -> None:
    lasting = record(tmp_path)
    assert lasting.trace is not None
    for trace in (None, msgspec.structs.replace(lasting.trace, output="")):
        one = msgspec.structs.replace(lasting, trace=trace)
        run_files.write(RunFile(pod_record("u"), one))
        run_files.remove(one)

    assert list(tmp_path.iterdir()) == []


def test_pods_that_nobody_knows_are_found_by_their_runs(tmp_path: Path) -> None:
    for uid in ("known", "unknown"):
        (tmp_path / "pods" / uid).mkdir(parents=True)
        one = msgspec.structs.replace(record(tmp_path / "pods" / uid), pod_uid=uid)
        metadata = msgspec.structs.replace(pod().metadata, uid=uid)
        file = RunFile(pod_record(uid), one, msgspec.structs.replace(pod(), metadata=metadata))
        run_files.write(file)

    found = run_files.unknown_pods(str(tmp_path), "boot", {"known"})

    assert [one.metadata.uid for one in found] == ["unknown"]
    assert run_files.unknown_pods(str(tmp_path), "another boot", {"known"}) == []
    assert run_files.unknown_pods(str(tmp_path / "none"), "boot", ()) == []
