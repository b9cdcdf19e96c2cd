"""What can a shell complete? Kinds, names and namespaces of the agent that runs, if one does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import click

from agent.cli.client.errors import ClientError
from agent.cli.client.kinds import Kind
from agent.cli.client.session import DEFAULT_NAMESPACE, Session, open_session

_NAMESPACE = ("-n", "--namespace")
_CONFIG = ("--config",)
_WITH_VALUE = (*_NAMESPACE, *_CONFIG)


def namespaces(ctx: click.Context, incomplete: str) -> list[str]:
    """Names of namespaces."""
    return _answer(
        ctx, incomplete, lambda session: _names(session, session.kinds.core("namespaces"))
    )


def targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """`TYPE NAME` and `TYPE/NAME`."""

    def wanted(session: Session) -> Iterable[str]:
        before = [str(one) for one in ctx.params.get(param.name or "") or ()]
        kind_name, slash, _ = incomplete.partition("/")
        if slash:
            kind = session.kinds.named(kind_name)
            return [f"{kind_name}/{name}" for name in _names(session, kind)]
        if not before:
            kinds = [kind for kind in session.kinds if "list" in kind.verbs]
            return dict.fromkeys(kind.plural for kind in kinds)
        if "/" in before[0] or "," in before[0]:
            return []
        return [n for n in _names(session, session.kinds.named(before[0])) if n not in before[1:]]

    return _answer(ctx, incomplete, wanted)


def pods(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of pods."""
    return _answer(ctx, incomplete, lambda session: _names(session, session.kinds.core("pods")))


def containers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of the containers of the pod that was named."""

    def wanted(session: Session) -> Iterable[str]:
        # While the option has no value yet, click leaves what stands before it in `args`.
        found = ctx.params.get("pod") or _first_argument(ctx.args)
        if not found:
            return []
        name = str(found).rpartition("/")[2]
        spec = session.get(session.kinds.core("pods"), name)["spec"]
        return [one["name"] for one in (*spec.get("initContainers", ()), *spec["containers"])]

    return _answer(ctx, incomplete, wanted)


def _answer(ctx: click.Context, incomplete: str, wanted: Any) -> list[str]:
    """What begins like this; nothing when nobody can be asked."""
    namespace = ctx.params.get("namespace") or _value(ctx.args, *_NAMESPACE)
    if ctx.params.get("all_namespaces"):
        namespace = ""
    try:
        config_file = ctx.params.get("config_file") or _value(ctx.args, *_CONFIG)
        session = open_session(config_file, namespace, "completion")
        return [one for one in wanted(session) if one.startswith(incomplete)]
    except ClientError:
        return []


def _value(words: Sequence[str], *options: str) -> str | None:
    """What stands after an option."""
    return next((value for option, value in pairwise(words) if option in options), None)


def _first_argument(words: Sequence[str]) -> str | None:
    """The first word that is neither an option nor the value of one."""
    for before, word in pairwise(("", *words)):
        if not word.startswith("-") and before not in _WITH_VALUE:
            return word
    return None


def _names(session: Session, kind: Kind) -> list[str]:
    namespace = session.place(kind) or (DEFAULT_NAMESPACE if kind.is_namespaced else "")
    items = session.server.ask("GET", kind.path(namespace))["items"]
    return [item["metadata"]["name"] for item in items]
