"""The pages of health, as an API server writes them."""

from __future__ import annotations

import pytest

from agent.api.checks import health

_WELL: dict[str, tuple[str, ...]] = {"ping": (), "manifests": ()}
_ILL = {**_WELL, "manifests": ("no disk", "no paper")}
_WITH_REASONS = "[+]ping ok\n[-]manifests failed: no disk; no paper\n"


def _page(checks: dict[str, tuple[str, ...]], **options: object) -> tuple[int, str] | None:
    found = health("readyz", checks, **options)  # type: ignore[arg-type]
    return None if found is None else (found.status, found.body.decode())


def test_all_is_well_in_a_word_or_in_lines() -> None:
    assert _page(_WELL) == (200, "ok")
    assert _page(_WELL, is_verbose=True) == (
        200,
        "[+]ping ok\n[+]manifests ok\nreadyz check passed\n",
    )


@pytest.mark.parametrize("is_verbose", [False, True])
def test_a_failure_is_always_told_in_lines(is_verbose: bool) -> None:
    expected = (500, f"{_WITH_REASONS}readyz check failed\n")

    assert _page(_ILL, is_verbose=is_verbose) == expected


def test_what_is_excluded_counts_as_well() -> None:
    assert _page(_ILL, excluded=("manifests",)) == (200, "ok")
    assert _page(_ILL, excluded=("manifests", "etcd", "cd"), is_verbose=True) == (
        200,
        "[+]ping ok\n[+]manifests excluded: ok\n"
        'warn: some health checks cannot be excluded: no matches for "cd", "etcd"\n'
        "readyz check passed\n",
    )


def test_one_check_alone() -> None:
    assert _page(_ILL, only="ping") == (200, "ok")
    assert _page(_ILL, only="manifests") == (500, "internal server error: no disk; no paper\n")
    assert _page(_ILL, only="etcd") is None
