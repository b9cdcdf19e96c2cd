"""Every module has its test file at the mirrored path, or a reason why not."""

from __future__ import annotations

from pathlib import Path

import agent

AGENT = Path(agent.__file__).parent
TESTS = Path(__file__).parent.parent
#: Packages under the rule; one more word each as a package is finished.
PACKAGES = ("model", "rules", "store")

DECLARES = "declarations only: decoding and encoding are tested where they are used"
#: Module, or folder ending in a slash, to the reason why it has no test file of its own.
EXCUSES = {
    **dict.fromkeys(
        (
            f"model/{name}.py"
            for name in (
                "base",
                "config_data",
                "container",
                "event",
                "handler",
                "meta",
                "names",
                "namespace",
                "node",
                "pod",
                "runtime",
                "scheduling",
                "security",
                "status",
                "volume",
                "volume_cluster",
                "workload",
            )
        ),
        DECLARES,
    ),
    "store/interface.py": DECLARES,
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
