"""What is put off so that the first container starts sooner?

A start takes as long as its imports, and libraries import modules for functions that are seldom
called: asyncio imports ssl (OpenSSL: 5 ms, 4 MB), click and asyncio import inspect. Such a module
is put off: it is there, but empty, and executed when somebody first asks it for a name. Whoever
uses it notices nothing but the moment. Some are asked for one small thing while others are
imported: they are given that thing, and are executed when more is wanted.

Imported before everything else: keep it free of imports that are not loaded anyway.
"""

from __future__ import annotations

import _thread
import gc
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import PathFinder
from types import ModuleType

TYPE_CHECKING = False  # `typing` is not loaded yet
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.abc import Loader
    from typing import Any

_SELDOM_USED = frozenset(
    (
        "asyncio.sslproto",
        "asyncio.staggered",
        "asyncio.trsock",
        "inspect",
        "ipaddress",
        "linecache",
        "locale",
        "msgspec.inspect",
        "msgspec.msgpack",
        "msgspec.toml",
        "msgspec.yaml",
        "ssl",
        "textwrap",
    )
)
#: Modules of ours for what comes later in a pod's life, or in few pods. They are imported as
#: modules (`from agent.rules import mirror`): importing a name from them would execute them.
LATER = frozenset(
    (
        "agent.action.hook_message",
        "agent.host.capabilities",
        "agent.host.log_reader",
        "agent.host.prepared",
        "agent.manifest.base64_text",
        "agent.manifest.go_time",
        "agent.manifest.gojson",
        "agent.manifest.secret_data",
        "agent.manifest.validation.addresses",
        "agent.manifest.validation.volume_files",
        "agent.model.duration",
        "agent.model.volume_cluster",
        "agent.pod.probe_worker",
        "agent.pod.revival",
        "agent.pod.run_files",
        "agent.rules.mirror",
        "agent.rules.placement",
        "agent.rules.pod_change",
        "agent.rules.shutdown",
        "agent.rules.traffic",
    )
)


def _give_concurrent_futures(module: ModuleType) -> None:
    """asyncio.tasks takes over three texts."""
    for name in ("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"):
        setattr(module, name, name)


class _LateLogger:
    """asyncio's logger: `logging` is executed when there is something to tell.

    As long as it is not, nobody can have asked to hear of anything below a warning.
    """

    def __init__(self, logging: ModuleType, name: str) -> None:
        self._logging = logging
        self._name = name

    def debug(self, *arguments: object) -> None:
        """Each new event loop tells of its selector."""
        if "root" in vars(self._logging):
            self._logging.getLogger(self._name).debug(*arguments)

    def error(self, *arguments: object, **options: object) -> None:
        """What asyncio tells of must not become worse by telling."""
        try:
            error = self.__getattr__("error")
        except (OSError, ImportError, MemoryError):
            os.write(2, f"barepod: {arguments[0]}\n".encode("utf-8", "replace"))
        else:
            error(*arguments, **options)

    def __getattr__(self, attribute: str) -> Any:
        _ = self._logging.root
        return getattr(self._logging.getLogger(self._name), attribute)


def _give_logging(module: ModuleType) -> None:
    """asyncio makes itself a logger, and a level below DEBUG; a run seldom logs anything else."""

    def get_logger(name: str | None = None) -> object:
        if name == "asyncio":
            return _LateLogger(module, name)
        _ = module.root  # from here on it is executed, and `getLogger` its own
        return module.getLogger(name)

    module.__dict__.update(DEBUG=10, getLogger=get_logger)


def _give_platform(module: ModuleType) -> None:
    """uuid, of which msgspec needs a type, asks for the system; 11 patterns are compiled for it."""
    module.__dict__["system"] = lambda: os.uname().sysname


def _give_subprocess(module: ModuleType) -> None:
    """Some of asyncio's functions have these as their defaults."""
    module.__dict__.update(PIPE=-1, STDOUT=-2, DEVNULL=-3)


def _give_yaml(module: ModuleType) -> None:
    """The parser in C takes its errors from PyYAML's other modules (8 ms, mostly patterns).

    They tell what they are by their names; what one catches is `yaml.error.YAMLError`.
    """
    import yaml.events
    import yaml.nodes
    import yaml.tokens  # noqa: F401
    from yaml.error import MarkedYAMLError, YAMLError

    class ReaderError(YAMLError):
        """Bytes that may not occur; as `yaml.reader.ReaderError`."""

        def __init__(
            self, name: str, position: int, character: int, encoding: str, reason: str
        ) -> None:
            self.name, self.position, self.character = name, position, character
            self.encoding, self.reason = encoding, reason

        def __str__(self) -> str:
            return f"unacceptable character #x{self.character:04x}: {self.reason}"

    module.__dict__["reader"] = stand_in = ModuleType("yaml.reader")
    stand_in.__dict__["ReaderError"] = ReaderError
    for name, base in _YAML_ERRORS.items():
        error = f"{name.title()}Error"
        module.__dict__[name] = stand_in = ModuleType(f"yaml.{name}")
        stand_in.__dict__[error] = type(error, (MarkedYAMLError if base else YAMLError,), {})


#: Which modules of PyYAML have an error called after them, and whether that knows a place.
_YAML_ERRORS = {
    "scanner": True,
    "parser": True,
    "composer": True,
    "constructor": True,
    "emitter": False,
    "serializer": False,
    "representer": False,
}
#: What is asked of modules while others are imported.
GIVEN: dict[str, Callable[[ModuleType], None]] = {
    "concurrent.futures": _give_concurrent_futures,
    "logging": _give_logging,
    "platform": _give_platform,
    "subprocess": _give_subprocess,
    "yaml": _give_yaml,
}


#: What a pod's life needs although the start does not: it must be there before descriptors or
#: memory run short.
_NEEDED = ("logging", "subprocess", "concurrent.futures", *sorted(LATER))


def hurry() -> None:
    """Something starts: from now on look for no garbage, and import no more than is needed."""
    gc.disable()
    sys.meta_path.insert(0, _MsgspecAlone())


def put_off() -> None:
    """From now on put off modules that can wait."""
    sys.meta_path.insert(0, PutOff(_SELDOM_USED | LATER, GIVEN))


def catch_up() -> bool:
    """Execute one module that was put off and will be needed; whether there may be another.

    Nothing is raised: who needs a module that cannot be executed now tries again, and is told.
    """
    for name in _NEEDED:
        module = sys.modules.get(name)
        if type(module) is _Empty:
            try:
                module.__dict__["__late__"].ensure()
            except (OSError, ImportError, MemoryError):
                return False
            return True
    return False


def settle() -> None:
    """The hurry, if there was one, is over.

    What is there now stays, so the collector need never look at it.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


class without:
    """Meanwhile these modules seem not to be installed, unless they are loaded already."""

    def __init__(self, *names: str) -> None:
        self._names = [name for name in names if name not in sys.modules]

    def __enter__(self) -> None:
        for name in self._names:
            sys.modules[name] = None  # type: ignore[assignment]

    def __exit__(self, *_: object) -> None:
        for name in self._names:
            del sys.modules[name]


class PutOff:
    """Finds modules by their names, to be executed later (a finder for `sys.meta_path`).

    Those in `given` are then given what they are asked for at once, by a function.
    """

    def __init__(
        self, names: frozenset[str], given: Mapping[str, Callable[[ModuleType], None]] = {}
    ) -> None:
        self._names: dict[str, Callable[[ModuleType], None] | None] = dict.fromkeys(names)
        self._names.update(given)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        if name not in self._names:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            later = _Later(spec.loader, self._names[name])
            spec.loader = later  # type: ignore[assignment]  # acts as a Loader
        return spec


class _Later:
    """A loader that leaves the work to the module's first use."""

    def __init__(self, loader: Loader, give: Callable[[ModuleType], None] | None) -> None:
        self.loader = loader
        self._give = give

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__late__"] = _Execution(module, self.loader)
        module.__class__ = _Empty
        if self._give is not None:
            self._give(module)


class _MsgspecAlone:
    """Finds msgspec, to be executed without typing_extensions.

    That costs 8 ms; msgspec takes it if it can, and `typing` has all we need.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        if name != "msgspec" or "typing_extensions" in sys.modules:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Alone(spec.loader)  # type: ignore[assignment]  # acts as a Loader
        return spec


class _Alone:
    """A loader during whose work typing_extensions seems not to be installed."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        with without("typing_extensions"):
            self._loader.exec_module(module)


class _Execution:
    """The execution of one module, which happens once."""

    def __init__(self, module: ModuleType, loader: Loader) -> None:
        self._module = module
        self._loader = loader
        self._lock = _thread.RLock()
        self._begun = False

    def ensure(self) -> None:
        """Return when the module is complete, or at once to the module itself."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
            module = self._module
            module.__loader__ = self._loader
            if module.__spec__ is not None:
                module.__spec__.loader = self._loader
            try:
                self._loader.exec_module(module)
            except BaseException:
                self._begun = False  # as after a failed import: the next one may succeed
                raise
            module.__class__ = ModuleType  # an ordinary module from now on


class _Empty(ModuleType):
    """A module that is executed when a name is missing in it."""

    def __getattr__(self, name: str) -> object:
        self.__dict__["__late__"].ensure()
        return ModuleType.__getattribute__(self, name)
