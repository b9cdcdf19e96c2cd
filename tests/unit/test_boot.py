"""What is put off at a start behaves as if it were not."""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from agent import boot
from agent.boot import GIVEN, PutOff


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which `later_*` modules are put off."""
    names = frozenset(("later_one", "later_package.child", "later_broken", "later_nowhere"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", [PutOff(names), *sys.meta_path])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("later_")]:
        del sys.modules[name]


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_a_module_is_executed_when_a_name_is_wanted(package: Path) -> None:
    write(package, "later_one.py", "import sys\nsys.later_executed = True\nvalue = 42\n")

    module = importlib.import_module("later_one")
    before = hasattr(sys, "later_executed")
    value = module.value

    assert (before, value, sys.later_executed) == (False, 42, True)  # type: ignore[attr-defined]
    del sys.later_executed  # type: ignore[attr-defined]


def test_names_can_be_imported_from_it(package: Path) -> None:
    write(package, "later_one.py", "__all__ = ['value']\nvalue = 42\n")
    found: dict[str, object] = {}

    exec("from later_one import *", found)

    assert found["value"] == 42


def test_it_is_an_ordinary_module_afterwards(package: Path) -> None:
    write(package, "later_one.py", "loader = __loader__\nvalue = 42\n")
    module = importlib.import_module("later_one")

    assert module.value == 42
    assert type(module) is type(sys)
    assert module.__spec__ is not None
    assert module.loader is module.__spec__.loader
    assert importlib.reload(module) is module


def test_a_missing_name_is_reported_as_always(package: Path) -> None:
    write(package, "later_one.py", "")
    module = importlib.import_module("later_one")

    with pytest.raises(AttributeError, match="module 'later_one' has no attribute 'nothing'"):
        _ = module.nothing


def test_a_submodule_is_an_attribute_of_its_package(package: Path) -> None:
    write(package, "later_package/__init__.py", "")
    write(package, "later_package/child.py", "value = 42\n")

    found = importlib.import_module("later_package")
    importlib.import_module("later_package.child")

    assert found.child.value == 42


def test_a_module_that_does_not_exist_is_not_found(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("later_nowhere")


def test_an_error_shows_at_first_use(package: Path) -> None:
    write(package, "later_broken.py", "raise ImportError('no library')\n")
    module = importlib.import_module("later_broken")

    with pytest.raises(ImportError, match="no library"):
        _ = module.value


def test_a_second_thread_waits_until_all_is_there(package: Path) -> None:
    write(
        package,
        "later_one.py",
        "import threading\n"
        "first = 1\n"
        "event = threading.current_thread().begun\n"
        "event.set()\n"
        "threading.current_thread().go_on.wait(5)\n"
        "last = 2\n",
    )
    module = importlib.import_module("later_one")
    begun, go_on = threading.Event(), threading.Event()
    found: list[int] = []
    first = threading.Thread(target=lambda: found.append(module.first))
    first.begun, first.go_on = begun, go_on  # type: ignore[attr-defined]
    second = threading.Thread(target=lambda: found.append(module.last))

    first.start()
    assert begun.wait(5)
    second.start()
    go_on.set()
    first.join(5)
    second.join(5)

    assert sorted(found) == [1, 2]


def test_it_is_given_what_it_is_asked_for_at_once(package: Path) -> None:
    write(package, "later_given.py", "value = 'its own'\nother = 42\n")
    finder = PutOff(frozenset(), {"later_given": lambda module: vars(module).update(value="ours")})
    sys.meta_path.insert(0, finder)

    module = importlib.import_module("later_given")
    given = module.value
    is_executed = "other" in vars(module)
    more = module.other

    assert (given, is_executed, more, module.value) == ("ours", False, 42, "its own")


@pytest.mark.parametrize("name", sorted(GIVEN.keys() - {"logging", "yaml"}))
def test_what_is_given_is_what_the_module_has(name: str) -> None:
    module = ModuleType(name)
    real = importlib.import_module(name)

    GIVEN[name](module)

    given = {key: value for key, value in vars(module).items() if not key.startswith("__")}
    assert given
    for key, value in given.items():
        theirs = getattr(real, key)
        assert (value() if callable(value) else value) == (theirs() if callable(theirs) else theirs)


def test_the_errors_that_are_given_are_those_of_yaml() -> None:
    module = ModuleType("yaml")
    GIVEN["yaml"](module)

    stand_ins = {key: value for key, value in vars(module).items() if type(value) is ModuleType}
    assert set(stand_ins) > {"reader", "scanner", "parser"}
    for name, stand_in in stand_ins.items():
        error = f"{name.title()}Error"
        theirs = getattr(importlib.import_module(f"yaml.{name}"), error)
        assert getattr(stand_in, error).__bases__ == theirs.__bases__
    arguments = ("<file>", 7, 0, "utf-8", "not allowed")
    ours = stand_ins["reader"].ReaderError(*arguments)
    assert vars(ours) == vars(yaml.reader.ReaderError(*arguments))


def test_the_logger_that_is_given_becomes_the_real_one(package: Path) -> None:
    write(
        package,
        "later_given.py",
        "root, lines = 1, []\n"
        "class Logger:\n"
        "    debug = info = error = staticmethod(lines.append)\n"
        "def getLogger(name):\n"
        "    assert name == 'asyncio'\n"
        "    return Logger\n",
    )
    sys.meta_path.insert(0, PutOff(frozenset(), {"later_given": GIVEN["logging"]}))
    module = importlib.import_module("later_given")
    logger = module.getLogger("asyncio")

    logger.debug("nobody listens")
    is_executed = "root" in vars(module)
    logger.error("a fault")
    logger.debug("somebody may listen")

    assert module.DEBUG == logging.DEBUG
    assert not is_executed
    assert module.lines == ["a fault", "somebody may listen"]


def test_what_will_be_needed_is_caught_up_on_one_by_one(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(package, "later_one.py", "value = 1\n")
    write(package, "later_package/__init__.py", "")
    write(package, "later_package/child.py", "value = 2\n")
    names = ["later_never_imported", "later_one", "later_package.child"]
    monkeypatch.setattr(boot, "_NEEDED", names)
    modules = [importlib.import_module(name) for name in names[1:]]

    executed = [sum("value" in vars(module) for module in modules)]
    while boot.catch_up():
        executed.append(sum("value" in vars(module) for module in modules))

    assert executed == [0, 1, 2]


def test_what_cannot_be_executed_now_is_tried_again(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(package, "later_one.py", "open(__file__ + '.data').close()\nvalue = 42\n")
    monkeypatch.setattr(boot, "_NEEDED", ["later_one"])
    module = importlib.import_module("later_one")

    caught_up = boot.catch_up()
    with pytest.raises(FileNotFoundError):
        _ = module.value
    write(package, "later_one.py.data", "")

    assert not caught_up
    assert module.value == 42


@pytest.mark.parametrize("name", sorted(boot.LATER))
def test_the_modules_of_ours_that_wait_exist(name: str) -> None:
    assert importlib.util.find_spec(name) is not None


def test_a_fault_is_told_although_logging_cannot_be_executed(
    package: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(package, "later_given.py", "raise OSError(24, 'Too many open files')\n")
    sys.meta_path.insert(0, PutOff(frozenset(), {"later_given": GIVEN["logging"]}))
    logger = importlib.import_module("later_given").getLogger("asyncio")

    logger.error("a fault", exc_info=None)

    assert capfd.readouterr().err == "barepod: a fault\n"


def test_a_library_seems_not_to_be_installed_for_a_while(package: Path) -> None:
    write(package, "later_hidden.py", "")
    kept = sys.modules["sys"]

    with boot.without("later_hidden", "sys"):
        with pytest.raises(ImportError):
            importlib.import_module("later_hidden")
        assert sys.modules["sys"] is kept

    assert importlib.import_module("later_hidden").__name__ == "later_hidden"
