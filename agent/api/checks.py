"""Health as an API server tells it: a word, or a line for each check."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agent.api.machinery.call import Answer

_TEXT = "text/plain; charset=utf-8"


def health(
    name: str,
    checks: Mapping[str, tuple[str, ...]],
    *,
    only: str = "",
    excluded: Collection[str] = (),
    is_verbose: bool = False,
) -> Answer | None:
    """The page `/NAME` (readyz, livez, healthz), or `/NAME/ONLY` about one check.

    `checks` are names with what is wrong, nothing where all is well; those `excluded` count as
    well. Status 500, always with all lines, when one fails; None: there is no check `only`. A
    cluster withholds the reasons, for anybody may ask it; here nobody does without credentials.
    (apiserver/pkg/server/healthz.)
    """
    if only:
        return _one(checks[only]) if only in checks else None
    lines, has_failed = [], False
    for check, troubles in checks.items():
        if check in excluded:
            lines.append(f"[+]{check} excluded: ok\n")
        elif troubles:
            lines.append(f"[-]{check} failed: {'; '.join(troubles)}\n")
            has_failed = True
        else:
            lines.append(f"[+]{check} ok\n")
    unknown = ", ".join(f'"{one}"' for one in sorted(set(excluded) - set(checks)))
    if unknown:
        lines.append(f"warn: some health checks cannot be excluded: no matches for {unknown}\n")
    if has_failed:
        return _page(500, "".join(lines) + f"{name} check failed\n")
    return _page(200, "".join(lines) + f"{name} check passed\n" if is_verbose else "ok")


def _one(troubles: tuple[str, ...]) -> Answer:
    if troubles:
        return _page(500, f"internal server error: {'; '.join(troubles)}\n")
    return _page(200, "ok")


def _page(status: int, text: str) -> Answer:
    return Answer(status=status, body=text.encode(), content_type=_TEXT)
