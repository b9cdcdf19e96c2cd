"""What users read when a program cannot be started."""

from __future__ import annotations

import errno

import pytest

from agent.host.failure import spawn_error


@pytest.mark.parametrize(
    ("reason", "text", "exit_code", "transient"),
    [
        (("lookup", errno.ENOENT, ""), 'exec: "a\\"b": executable file not found in $PATH', 127, 0),
        (
            ("lookup", errno.ENOENT, "/x"),
            'exec: "a\\"b": stat /x: no such file or directory',
            127,
            0,
        ),
        (("lookup", errno.EACCES, "/x"), 'exec: "a\\"b": permission denied', 126, 0),
        (("lookup", errno.EISDIR, "/x"), 'exec: "a\\"b": is a directory', 126, 0),
        (("exec", errno.ENOEXEC, "/x"), "exec /x: exec format error", 126, 0),
        (("exec", errno.E2BIG, "/x"), "exec /x: argument list too long", 128, 0),
        (("exec", errno.EAGAIN, "/x"), "exec /x: resource temporarily unavailable", 128, 1),
        (
            ("cwd", errno.EACCES, ""),
            'chdir to cwd ("/w") set in config.json failed: permission denied',
            128,
            0,
        ),
        (
            ("clone", errno.ENOMEM, ""),
            'cannot start "a\\"b": clone: cannot allocate memory',
            128,
            1,
        ),
        (
            ("descriptors", errno.EMFILE, ""),
            'cannot start "a\\"b": descriptors: too many open files',
            128,
            1,
        ),
        (("helper", 0, "it died"), 'cannot start "a\\"b": helper: it died', 128, 1),
        (("user", errno.EPERM, ""), 'cannot start "a\\"b": user: operation not permitted', 128, 0),
    ],
)
def test_a_failed_start_reads_as_from_a_container_runtime(
    reason: tuple[str, int, str], text: str, exit_code: int, transient: int
) -> None:
    error = spawn_error('a"b', "/w", reason)

    assert str(error) == text
    assert (error.exit_code, error.transient) == (exit_code, bool(transient))
    assert (error.stage, error.errno) == reason[:2]
