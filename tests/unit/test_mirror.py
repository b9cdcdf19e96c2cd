"""Every module has its test file at the mirrored path, or a reason why not."""

from __future__ import annotations

from pathlib import Path

import agent

AGENT = Path(agent.__file__).parent
TESTS = Path(__file__).parent.parent
#: Packages under the rule; one more word each as a package is finished.
PACKAGES = ("action", "api", "host", "manifest", "model", "pod", "rules", "store")

DECLARES = "declarations only: decoding and encoding are tested where they are used"
#: Module, or folder ending in a slash, to the reason why it has no test file of its own.
EXCUSES = {
    **dict.fromkeys(
        (
            f"model/{name}.py"
            for name in (
                "api",
                "base",
                "config_data",
                "container",
                "event",
                "events_v1",
                "handler",
                "lease",
                "manifest_file",
                "meta",
                "metrics",
                "names",
                "namespace",
                "node",
                "pod",
                "review",
                "runtime",
                "scheduling",
                "security",
                "service",
                "service_account",
                "status",
                "table",
                "volume",
                "volume_cluster",
                "workload",
            )
        ),
        DECLARES,
    ),
    "store/interface.py": DECLARES,
    "api/patch/error.py": "the answers are compared where the patches are refused",
    "api/selectors/error.py": "an exception only",
    "api/protobuf/tables.py": "data: unit/api/protobuf/test_fields.py",
    "api/protobuf/tables_volumes.py": "data: unit/api/protobuf/test_fields.py",
    "manifest/validation/": "tables: conformance/test_pod_validation.py, test_pod_warnings.py",
    "manifest/gates.py": "declarations only: tested with create and load",
    **dict.fromkeys(
        (
            f"api/tables/{name}.py"
            for name in ("column", "event", "node", "pod", "service", "small")
        ),
        "tables: conformance/test_table_rows.py",
    ),
    "api/describe/": "texts of kubectl: conformance/test_descriptions.py",
    **dict.fromkeys(
        (
            f"api/machinery/{name}.py"
            for name in ("bodies", "errors", "keeping", "patching", "strategy")
        ),
        "unit/api/machinery/test_writing.py, test_deleting.py",
    ),
    **dict.fromkeys(
        (f"api/machinery/{name}.py" for name in ("render", "resource", "selection")),
        "unit/api/machinery/test_reading.py, test_watching.py",
    ),
    "api/resources/catalogue.py": "wiring: every test of the API is made with it",
    "api/resources/nodes.py": "integration/api/test_front.py, kubectl/test_pods.py",
    "action/handler.py": "protocols only",
    "model/service_account.py": DECLARES,
    "action/result.py": "a value only",
    "action/watches.py": "protocols only",
    "action/dial.py": "integration/test_tcp_socket.py and test_resolve.py",
    "action/h2/status.py": "tables: conformance/test_grpc_answers.py",
    "host/clock.py": "the machine's clocks, handed through",
    "host/reactor.py": "under everything in integration/",
    "host/log_ends.py": "integration/test_output.py, test_log_lasting.py",
    "host/log_engine.py": "integration/test_output.py, test_log_rest.py",
    "host/log_track.py": "integration/test_output.py, test_output_trouble.py",
    **dict.fromkeys(
        (
            f"host/{name}.py"
            for name in (
                "capture",
                "cgroup_files",
                "becoming",
                "clone",
                "descendants",
                "helper",
                "helper_link",
                "launch",
                "prepared",
                "reaper",
                "requests",
                "wire",
            )
        ),
        "integration/test_spawner.py, test_containment.py, test_process.py",
    ),
    "host/kept.py": "unit/host/test_keeping.py, integration/test_keeper.py",
    **dict.fromkeys(
        ("host/run_boundary.py",),
        "integration/test_containment.py, test_adoption.py",
    ),
    **dict.fromkeys(
        (
            f"api/streaming/{name}.py"
            for name in (
                "carrier",
                "channels",
                "conversation",
                "forwarding",
                "port_sockets",
                "pulse",
                "refusal",
                "spdy/channels",
                "spdy/dictionary",
            )
        ),
        "integration/api/streaming: test_execution, test_upgrade, test_port_forward",
    ),
    "pod/access.py": "integration/api/streaming/test_execution.py and test_attaching.py",
    **dict.fromkeys(
        ("host/beneath.py", "host/mounting.py", "host/scaffold.py"),
        "integration/run/test_volumes.py, integration/test_mount_points.py",
    ),
    **dict.fromkeys(
        ("pod/mounter.py", "pod/storage.py", "pod/volumes.py"),
        "integration/run/test_volumes.py, integration/test_volume_sources.py",
    ),
    "pod/run.py": "integration/run/test_life_cycle.py, integration/agent/test_adoption.py",
    "pod/assembly.py": "wiring: every test of the pod layer is made with it",
    "pod/machine.py": "a value only",
    "pod/instance.py": "integration/run/test_life_cycle.py",
    "pod/prepared.py": "integration/run/test_life_cycle.py",
    "pod/probe_once.py": "integration/test_cli_probe.py",
}


def modules() -> list[str]:
    """The modules under the rule, as paths below agent/."""
    found = [path for package in PACKAGES for path in (AGENT / package).rglob("*.py")]
    return sorted(str(path.relative_to(AGENT)) for path in found if path.stem != "__init__")


def has_test(module: str) -> bool:
    """A module that needs the machine is tested in integration/, flat or mirrored."""
    path = Path(module)
    name = f"test_{path.name}"
    places = (Path("unit") / path.parent, Path("integration") / path.parent, Path("integration"))
    return any((TESTS / place / name).is_file() for place in places)


def excuse_for(module: str) -> str | None:
    return next(
        (
            excused
            for excused in EXCUSES
            if module == excused or (excused.endswith("/") and module.startswith(excused))
        ),
        None,
    )


def test_every_module_has_its_test_file() -> None:
    missing = [
        module for module in modules() if not has_test(module) and excuse_for(module) is None
    ]

    assert missing == []


def test_no_excuse_outlives_its_reason() -> None:
    needed = {excuse_for(module) for module in modules() if not has_test(module)}

    assert set(EXCUSES) - needed == set()
