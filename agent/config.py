"""barepod.toml to Config: every key has a default, unknown keys are errors that name the nearest.

The only importer of tomli for configuration. Paths default to root's or, for an ordinary user, to
the XDG base directories.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from agent.model.quantity import QuantityError, parse
from agent.rules.images import ImageEntry


class ConfigError(Exception):
    """What is wrong with the configuration; one line per problem."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the file."""


class Node(Section, frozen=True, kw_only=True):
    """This machine and where barepod keeps its files."""

    name: str
    manifest_dir: str
    state_dir: str
    log_dir: str
    run_dir: str
    address: str = "127.0.0.1"
    on_stop: str = "terminate"


class Api(Section, frozen=True, kw_only=True):
    """The API for kubectl; an empty address turns it off."""

    listen: str = "127.0.0.1:6440"


class Health(Section, frozen=True, kw_only=True):
    """Plain HTTP health, readiness and metrics."""

    listen: str = "127.0.0.1:6441"


class HAProxy(Section, frozen=True, kw_only=True):
    """HAProxy's agent-check protocol."""

    agent_check: str = ""


class Logs(Section, frozen=True, kw_only=True):
    """Rotation of container logs; sizes in bytes."""

    max_size: int = 10 * 1024 * 1024
    max_files: int = 5


class CrashLoop(Section, frozen=True, kw_only=True):
    """Restart back-off, in seconds."""

    initial_seconds: float = 10.0
    max_seconds: float = 300.0


class Log(Section, frozen=True, kw_only=True):
    """What barepod says of itself."""

    level: str = "info"


class Config(Section, frozen=True, kw_only=True):
    """Everything that can be configured."""

    node: Node
    api: Api = Api()
    health: Health = Health()
    haproxy: HAProxy = HAProxy()
    logs: Logs = Logs()
    log: Log = Log()
    crash_loop: CrashLoop = CrashLoop()
    env: dict[str, str] = {}
    images: dict[str, ImageEntry] = {}


_SECTIONS: dict[str, type[Section]] = {
    "node": Node,
    "api": Api,
    "health": Health,
    "haproxy": HAProxy,
    "logs": Logs,
    "log": Log,
    "crash_loop": CrashLoop,
}
_WANTED: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    tuple[str, ...]: "a list of texts",
}
#: Keys of `[node]` that name a place; a relative one begins at the file that says it, so that
#: agent and clients mean the same one wherever they are called.
_PATHS = ("manifest_dir", "state_dir", "log_dir", "run_dir")
_ON_STOP = ("terminate", "keep")
_LEVELS = ("debug", "info", "warning", "error")


def default_path(environ: Mapping[str, str], uid: int) -> str:
    """Where barepod.toml lies when nobody says: /etc for root, XDG for a user."""
    if uid == 0:
        return "/etc/barepod/barepod.toml"
    return f"{_xdg(environ, 'XDG_CONFIG_HOME', '.config')}/barepod/barepod.toml"


def read_text(path: str) -> str:
    """A configuration file as it is; OSError, UnicodeDecodeError."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def load(
    path: str | None,
    environ: Mapping[str, str],
    uid: int,
    read: Callable[[str], str] = read_text,
) -> Config:
    """Read `path`, else $BAREPOD_CONFIG, else the default file if there is one.

    Raises ConfigError with all problems; a named file that cannot be read is one.
    """
    named = path or environ.get("BAREPOD_CONFIG")
    chosen = named or default_path(environ, uid)
    defaults = node_defaults(environ, uid)
    try:
        text = read(chosen)
    except FileNotFoundError:
        if named is None:
            return Config(node=Node(**defaults))
        raise ConfigError((f"{chosen}: cannot read configuration: no such file",)) from None
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "not UTF-8 text"
        problem = f"{chosen}: cannot read configuration: {reason.lower()}"
        raise ConfigError((problem,)) from exc
    return parse_config(text, chosen, defaults)


def parse_config(text: str, file: str, node_defaults: Mapping[str, Any]) -> Config:
    """Parse the text of a barepod.toml; raises ConfigError with all problems."""
    import tomli

    try:
        data = tomli.loads(text)
    except tomli.TOMLDecodeError as exc:
        raise ConfigError((f"{file}{_line_told(exc)}: not valid TOML: {exc}",)) from exc
    reader = _Reader(file, text)
    known = {name: reader.section(name, cls, data) for name, cls in _SECTIONS.items()}
    env = reader.strings("env", data.get("env", {}))
    images = reader.images(data.get("images", {}))
    reader.unknown("", data, (*_SECTIONS, "env", "images"))
    reader.check(known)
    if reader.problems:
        raise ConfigError(tuple(text for _, text in sorted(reader.problems)))
    folder = os.path.dirname(os.path.abspath(file))
    given = known.pop("node")
    given |= {key: os.path.join(folder, given[key]) for key in _PATHS if key in given}
    node = Node(**{**node_defaults, **given})
    sections = {name: _SECTIONS[name](**values) for name, values in known.items()}
    return Config(node=node, env=env, images=images, **sections)  # type: ignore[arg-type]


class _Reader:
    """Reads tables and collects problems, each with file and line."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self.problems: list[tuple[int, str]] = []

    def problem(self, key: str, text: str) -> None:
        line = _line_of(self._text, key)
        self.problems.append((line, f"{self._file}:{line}: {key}: {text}"))

    def section(self, name: str, cls: type[Section], data: Mapping[str, Any]) -> dict[str, Any]:
        table = data.get(name, {})
        if not isinstance(table, dict):
            self.problem(name, "must be a table")
            return {}
        values: dict[str, Any] = {}
        hints = {field.name: field.type for field in msgspec.structs.fields(cls)}
        for key, value in table.items():
            if key in hints:
                values[key] = self.value(f"{name}.{key}", value, hints[key])
        self.unknown(name, table, tuple(hints))
        return values

    def value(self, key: str, value: Any, hint: Any) -> Any:
        if hint is int and isinstance(value, str):
            try:
                return parse(value).value()
            except QuantityError:
                self.problem(key, f'must be a size such as "10Mi", not "{value}"')
                return None
        try:
            return msgspec.convert(value, hint)
        except msgspec.ValidationError:
            wanted = _WANTED.get(hint, "a table of texts")
            self.problem(key, f"must be {wanted}, not {value!r}")
            return None

    def strings(self, name: str, table: Any) -> dict[str, str]:
        if not isinstance(table, dict):
            self.problem(name, "must be a table of texts")
            return {}
        self.variables(name, table)
        return {key: self.value(f"{name}.{key}", value, str) for key, value in table.items()}

    def variables(self, where: str, table: Mapping[str, Any]) -> None:
        """A name or value that no process can have would keep every container from starting."""
        from agent.manifest.validation.names import env_name  # seldom are there any

        for name, value in table.items():
            for text in env_name(name):
                self.problem(f'{where}."{name}"', text)
            if isinstance(value, str) and "\0" in value:
                self.problem(f'{where}."{name}"', "must not hold a NUL")

    def images(self, table: Any) -> dict[str, ImageEntry]:
        if not isinstance(table, dict):
            self.problem("images", 'must hold tables such as [images."nginx"]')
            return {}
        return dict(self._image(name, entry) for name, entry in table.items())

    def _image(self, name: str, entry: Any) -> tuple[str, ImageEntry]:
        key = f'images."{name}"'
        if not isinstance(entry, dict):
            self.problem(key, "must be a table")
            return name, ImageEntry()
        hints: dict[str, Any] = {
            "entrypoint": tuple[str, ...],
            "cmd": tuple[str, ...],
            "env": dict[str, str],
            "working_dir": str,
            "user": str,
            "stop_signal": str,
        }
        self.unknown(key, entry, tuple(hints))
        values = {
            field: self.value(f"{key}.{field}", value, hints[field])
            for field, value in entry.items()
            if field in hints
        }
        if isinstance(values.get("env"), dict):
            self.variables(f"{key}.env", values["env"])
        return name, ImageEntry(**{k: v for k, v in values.items() if v is not None})

    def unknown(self, prefix: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                where = f"{prefix}.{key}" if prefix else key
                self.problem(where, f"unknown key{_nearest(key, known)}")

    def check(self, sections: Mapping[str, dict[str, Any]]) -> None:
        """Rules on single values that no type expresses."""
        self._check_node(sections["node"])
        on_stop = sections["node"].get("on_stop", "terminate")
        if on_stop not in _ON_STOP:
            self.problem("node.on_stop", f'must be "terminate" or "keep", not {on_stop!r}')
        level = sections["log"].get("level", "info")
        if level is not None and level not in _LEVELS:
            self.problem("log.level", f"must be one of {', '.join(_LEVELS)}, not {level!r}")
        for key, lowest in (("logs.max_size", 4096), ("logs.max_files", 2)):
            section, _, field = key.partition(".")
            value = sections[section].get(field)
            if value is not None and value < lowest:
                self.problem(key, f"must be at least {lowest}, not {value}")
        crash = sections["crash_loop"]
        first, last = crash.get("initial_seconds", 10.0), crash.get("max_seconds", 300.0)
        if first is not None and last is not None and not 0 < first <= last:
            self.problem("crash_loop", "needs 0 < initial_seconds <= max_seconds")
        for key in ("api.listen", "health.listen", "haproxy.agent_check"):
            section, _, field = key.partition(".")
            value = sections[section].get(field)
            if value and not _is_listen_address(value):
                self.problem(key, f'must be "HOST:PORT" or empty, not "{value}"')

    def _check_node(self, node: Mapping[str, Any]) -> None:
        if node.get("name") is not None:
            from agent.manifest.validation.names import dns_subdomain

            for text in dns_subdomain(node["name"]):
                self.problem("node.name", text)
        for key in _PATHS:
            if node.get(key) == "":
                self.problem(f"node.{key}", "must be a path")


def _line_told(error: ValueError) -> str:
    """The line that the reader of TOML names in its message."""
    found = re.search(r"at line (\d+)", str(error))
    return f":{found[1]}" if found else ""


def _is_listen_address(value: str) -> bool:
    host, colon, port = value.rpartition(":")
    return bool(host and colon) and port.isdecimal() and 0 <= int(port) <= 65535


def _nearest(key: str, known: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if close:
        return f" (did you mean {close[0]}?)"
    return f" (known are: {', '.join(sorted(known))})"


def _line_of(text: str, key: str) -> int:
    """The line on which a key is set, or its table begins; 1 when it cannot be told."""
    *tables, last = _split(key)
    wanted, current, table_line = ".".join(tables), "", 1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
        if header:
            current = ".".join(_split(header[1]))
            if current == ".".join([*tables, last]):
                return number
            if current == wanted:
                table_line = number
        elif current == wanted and re.match(rf"""\s*["']?{re.escape(last)}["']?\s*=""", line):
            return number
    return table_line


def _split(key: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(r"""\"[^"]*\"|'[^']*'|[^.]+""", key)]


def node_defaults(environ: Mapping[str, str], uid: int) -> dict[str, Any]:
    """What `[node]` says when nobody does: root's paths, or an ordinary user's XDG directories."""
    name = (environ.get("HOSTNAME") or os.uname().nodename).lower()  # as a kubelet does
    if uid == 0:
        return {
            "name": name,
            "manifest_dir": "/etc/barepod/manifests",
            "state_dir": "/var/lib/barepod",
            "log_dir": "/var/log/barepod/pods",
            "run_dir": "/run/barepod",
        }
    config = _xdg(environ, "XDG_CONFIG_HOME", ".config")
    state = _xdg(environ, "XDG_STATE_HOME", ".local/state")
    runtime = environ.get("XDG_RUNTIME_DIR")
    return {
        "name": name,
        "manifest_dir": f"{config}/barepod/manifests",
        "state_dir": f"{state}/barepod",
        "log_dir": f"{state}/barepod/log/pods",
        "run_dir": f"{runtime}/barepod" if runtime else f"{state}/barepod/run",
    }


def _xdg(environ: Mapping[str, str], name: str, fallback: str) -> str:
    """An XDG base directory: the variable if it is an absolute path, else below the home."""
    value = environ.get(name, "")
    if value.startswith("/"):
        return value.rstrip("/")
    home = environ.get("HOME") or "/"
    return f"{home.rstrip('/')}/{fallback}"
