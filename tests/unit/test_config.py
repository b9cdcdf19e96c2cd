"""barepod.toml: defaults for root and for a user, every problem at once, near misses named."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import config
from agent.rules.images import ImageEntry

ROOT = {"HOSTNAME": "vm-1"}
USER = {"HOSTNAME": "vm-1", "HOME": "/home/ann", "XDG_RUNTIME_DIR": "/run/user/1000"}


def parse(text: str) -> config.Config:
    """Parse a configuration with root's defaults."""
    return config.parse_config(text, "barepod.toml", config.node_defaults(ROOT, 0))


def problems(text: str) -> list[str]:
    """The problems of a configuration."""
    with pytest.raises(config.ConfigError) as caught:
        parse(text)
    return list(caught.value.problems)


def test_an_empty_file_means_the_defaults() -> None:
    parsed = parse("")

    assert parsed.node.name == "vm-1"
    assert parsed.node.address == "127.0.0.1"
    assert parsed.node.log_dir == "/var/log/barepod/pods"
    assert (parsed.logs.max_size, parsed.logs.max_files) == (10 * 1024 * 1024, 5)
    assert (parsed.crash_loop.initial_seconds, parsed.crash_loop.max_seconds) == (10, 300)
    assert parsed.api.listen == "127.0.0.1:6440"
    assert (parsed.env, parsed.images) == ({}, {})


def test_an_ordinary_user_has_the_xdg_directories() -> None:
    node = config.load(None, USER, 1000).node

    assert node.manifest_dir == "/home/ann/.config/barepod/manifests"
    assert node.state_dir == "/home/ann/.local/state/barepod"
    assert node.log_dir == "/home/ann/.local/state/barepod/log/pods"
    assert node.run_dir == "/run/user/1000/barepod"


def test_xdg_variables_are_followed_when_they_are_absolute() -> None:
    environ = USER | {"XDG_STATE_HOME": "/data/state", "XDG_CONFIG_HOME": "relative"}

    node = config.load(None, environ, 1000).node

    assert node.state_dir == "/data/state/barepod"
    assert node.manifest_dir == "/home/ann/.config/barepod/manifests"


def test_values_are_read() -> None:
    parsed = parse(
        """
        [node]
        name = "edge"
        address = "10.0.0.1"
        [logs]
        max_size = "1Mi"
        max_files = 3
        [crash_loop]
        initial_seconds = 0.5
        max_seconds = 2
        [env]
        LANG = "C.UTF-8"
        [images."nginx"]
        entrypoint = ["nginx"]
        cmd = ["-g", "daemon off;"]
        env = { A = "1" }
        working_dir = "/srv"
        user = "www-data"
        stop_signal = "SIGQUIT"
        """
    )

    assert (parsed.node.name, parsed.node.address) == ("edge", "10.0.0.1")
    assert (parsed.logs.max_size, parsed.logs.max_files) == (1024 * 1024, 3)
    assert (parsed.crash_loop.initial_seconds, parsed.crash_loop.max_seconds) == (0.5, 2.0)
    assert parsed.env == {"LANG": "C.UTF-8"}
    assert parsed.images["nginx"] == ImageEntry(
        entrypoint=("nginx",),
        cmd=("-g", "daemon off;"),
        env={"A": "1"},
        working_dir="/srv",
        user="www-data",
        stop_signal="SIGQUIT",
    )


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    text = '[node]\nadress = "x"\non_stop = "explode"\n\n[logs]\nmax_size = "ten"\nmax_files = 1\n'

    assert problems(text) == [
        "barepod.toml:2: node.adress: unknown key (did you mean address?)",
        'barepod.toml:3: node.on_stop: must be "terminate" or "keep", not \'explode\'',
        'barepod.toml:6: logs.max_size: must be a size such as "10Mi", not "ten"',
        "barepod.toml:7: logs.max_files: must be at least 2, not 1",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nodes = 1", "barepod.toml:1: nodes: unknown key (did you mean node?)"),
        ("node = 1", "barepod.toml:1: node: must be a table"),
        ("env = 1", "barepod.toml:1: env: must be a table of texts"),
        ("[env]\nA = 1", "barepod.toml:2: env.A: must be a text, not 1"),
        (
            '[images.x]\ncmd = "sh"',
            "barepod.toml:2: images.\"x\".cmd: must be a list of texts, not 'sh'",
        ),
        ("[images]\nx = 1", 'barepod.toml:2: images."x": must be a table'),
        (
            '[images."nginx"]\nentry = []',
            'barepod.toml:2: images."nginx".entry: unknown key (did you mean entrypoint?)',
        ),
        (
            '[env]\n"A=B" = "x"',
            'barepod.toml:2: env."A=B": a valid environment variable name must consist only of '
            "printable ASCII characters other than '='",
        ),
        ('[env]\nA = "\\u0000"', 'barepod.toml:2: env."A": must not hold a NUL'),
        (
            '[images.x.env]\n"" = ""',
            'barepod.toml:2: images."x".env."": environment variable name must be non-empty',
        ),
        ('[node]\nrun_dir = ""', "barepod.toml:2: node.run_dir: must be a path"),
        (
            '[api]\nlisten = "6440"',
            'barepod.toml:2: api.listen: must be "HOST:PORT" or empty, not "6440"',
        ),
        (
            "[crash_loop]\ninitial_seconds = 0",
            "barepod.toml:1: crash_loop: needs 0 < initial_seconds <= max_seconds",
        ),
    ],
)
def test_a_problem_names_its_place_and_the_remedy(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_text_that_is_no_toml_is_a_problem() -> None:
    (problem,) = problems("[node\n")

    assert problem.startswith("barepod.toml:1: not valid TOML: ")


def test_the_node_must_be_called_as_an_object_may_be() -> None:
    (problem,) = problems('[node]\nname = "My Host"')

    assert problem.startswith("barepod.toml:2: node.name: a lowercase RFC 1123 subdomain must")


def test_a_host_with_capitals_is_a_node_without() -> None:
    assert config.node_defaults({"HOSTNAME": "VM-1"}, 0)["name"] == "vm-1"


def test_a_relative_path_begins_at_the_file(tmp_path: Path) -> None:
    file = tmp_path / "barepod.toml"
    file.write_text('[node]\nrun_dir = "run"\nlog_dir = "../log"\nstate_dir = "/state"\n')

    node = config.load(str(file), ROOT, 0).node

    assert (node.run_dir, node.state_dir) == (f"{tmp_path}/run", "/state")
    assert Path(node.log_dir).resolve() == tmp_path.parent / "log"
    assert node.manifest_dir == "/etc/barepod/manifests"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"

    with pytest.raises(config.ConfigError, match="cannot read configuration: no such file"):
        config.load(str(missing), ROOT, 0)


def test_the_variable_names_a_file_and_the_option_wins(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text('[node]\nname = "one"\n')
    two.write_text('[node]\nname = "two"\n')
    environ = ROOT | {"BAREPOD_CONFIG": str(one)}

    assert config.load(None, environ, 0).node.name == "one"
    assert config.load(str(two), environ, 0).node.name == "two"


def test_a_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(config.ConfigError, match="not utf-8 text"):
        config.load(str(binary), ROOT, 0)
