"""What is put off so that the first container starts sooner?

A start takes as long as its imports, and libraries import modules for functions that are seldom
called: asyncio imports ssl (OpenSSL: 5 ms, 4 MB), click and asyncio import inspect. Such a module
is put off: it is there, but empty, and executed when somebody first asks it for a name. So are
the regular expressions of PyYAML's scanner (6 ms), which the scanner in C does not use. Whoever
uses them notices nothing but the moment.

Imported before everything else: keep it free of imports that are not loaded anyway.
"""

from __future__ import annotations

import _thread
import gc
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

TYPE_CHECKING = False  # `typing` is not loaded yet
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader

_SELDOM_USED = frozenset(
    (
        "asyncio.sslproto",
        "inspect",
        "ipaddress",
        "linecache",
        "locale",
        "msgspec.inspect",
        "ssl",
        "textwrap",
    )
)

_PATTERNS_SELDOM_USED = frozenset(("yaml.constructor", "yaml.reader", "yaml.resolver"))


def hurry() -> None:
    """From now on put off what can wait: seldom used modules, and looking for garbage."""
    gc.disable()
    sys.meta_path.insert(0, PutOff(_SELDOM_USED, _PATTERNS_SELDOM_USED))
    _import_msgspec()


def settle() -> None:
    """The hurry is over: what is there now stays, so the collector need never look at it."""
    gc.freeze()
    gc.enable()


def _import_msgspec() -> None:
    """Without typing_extensions (8 ms), which it takes if it can; `typing` has all we need."""
    name = "typing_extensions"
    if name in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment]  # so one says "not installed"
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules[name]


class PutOff:
    """A finder for `sys.meta_path`.

    Modules called `names` are executed later, patterns in those called `sparing` compiled later.
    """

    def __init__(self, names: frozenset[str], sparing: frozenset[str] = frozenset()) -> None:
        self._loaders = dict.fromkeys(names, _Later) | dict.fromkeys(sparing, _Sparing)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        loader = self._loaders.get(name)
        if loader is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = loader(spec.loader)  # type: ignore[assignment]  # acts as a Loader
        return spec


class _Later:
    """A loader that leaves the work to the module's first use."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__late__"] = _Execution(module, self.loader)
        module.__class__ = _Empty


class _Sparing:
    """A loader of a module that compiles regular expressions, which may never be used."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        import re

        compile_now, re.compile = re.compile, _LatePattern  # type: ignore[assignment]
        try:
            self.loader.exec_module(module)
        finally:
            re.compile = compile_now


class _LatePattern:
    """Stands for a compiled pattern until something is asked of it."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._asked = pattern, flags

    def __getattr__(self, name: str) -> object:
        import re

        found: object = getattr(re.compile(*self._asked), name)
        self.__dict__[name] = found
        return found


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
            self._loader.exec_module(module)
            module.__class__ = ModuleType  # an ordinary module from now on


class _Empty(ModuleType):
    """A module that is executed when a name is missing in it."""

    def __getattr__(self, name: str) -> object:
        self.__dict__["__late__"].ensure()
        return ModuleType.__getattribute__(self, name)
